# Installs Debug and Release into folders that are absolute, apart and have a space in their names, and asks pkg-config
# and find_package for them, as each is added.
#   cmake -DDDIM_SOURCE=FOLDER -DBUILD=FOLDER -DCACHE=FILE -DPKG_CONFIG=PROGRAM -DCOMPILE=COMMAND -DSAMPLE=FILE
#         -DEMULATOR=COMMAND -P layouts.cmake
cmake_minimum_required(VERSION 3.22)
include("${CMAKE_CURRENT_LIST_DIR}/run_command.cmake")
if(NOT PKG_CONFIG)
    message("SKIPPED: there is no pkg-config")
    return()
endif()

file(REMOVE_RECURSE "${BUILD}")
set(libraries "${BUILD}/out/the lib")
set(includes "${BUILD}/out/the dev/include")
run_command("${CMAKE_COMMAND}" -S "${DDIM_SOURCE}" -B "${BUILD}/ddim" -G "Ninja Multi-Config" -C "${CACHE}"
    -DDDIM_CUDA=OFF -DDDIM_BUILD_TESTS=OFF "-DCMAKE_INSTALL_PREFIX=${BUILD}/out" "-DCMAKE_INSTALL_LIBDIR=${libraries}"
    "-DCMAKE_INSTALL_INCLUDEDIR=${includes}" -DCMAKE_DEBUG_POSTFIX=-debug)

function(install configuration)
    run_command("${CMAKE_COMMAND}" --build "${BUILD}/ddim" --config ${configuration})
    run_command("${CMAKE_COMMAND}" --install "${BUILD}/ddim" --config ${configuration})
endfunction()

set(ENV{PKG_CONFIG_LIBDIR} "${libraries}/pkgconfig")
function(expect_of_pkg_config archive)
    execute_process(COMMAND "${PKG_CONFIG}" --cflags --libs ddim OUTPUT_VARIABLE flags COMMAND_ERROR_IS_FATAL ANY)
    string(STRIP "${flags}" flags)
    separate_arguments(flags UNIX_COMMAND "${flags}")
    if(NOT flags STREQUAL "-I${includes};-L${libraries};-l${archive}")
        message(FATAL_ERROR "pkg-config says '${flags}' where ${archive} should be")
    endif()
    run_command(${COMPILE} -std=c++17 "${SAMPLE}" ${flags} -o "${BUILD}/sample")
    run_command(${EMULATOR} "${BUILD}/sample")
endfunction()

# A consumer of that build type links `archive`.
function(expect_of_find_package build_type archive)
    set(build "${BUILD}/consumer${build_type}")
    run_command("${CMAKE_COMMAND}" -S "${CMAKE_CURRENT_LIST_DIR}/consumer" -B "${build}" -G Ninja -C "${CACHE}"
        -DWAY=find_package "-DSAMPLE=${SAMPLE}" -DCOMPONENTS=host -DLIBRARIES=ddim::ddim
        "-DCMAKE_BUILD_TYPE=${build_type}" "-Dddim_DIR=${libraries}/cmake/ddim")
    file(READ "${build}/build.ninja" rules)
    if(NOT rules MATCHES "/lib${archive}[.]a")
        message(FATAL_ERROR "a consumer's build type '${build_type}' does not link ${archive}")
    endif()
endfunction()

install(Debug)
expect_of_pkg_config(ddim-debug)
expect_of_find_package(Release ddim-debug)
install(Release)
expect_of_pkg_config(ddim)
install(Debug)
expect_of_pkg_config(ddim)
expect_of_find_package(Debug ddim-debug)
expect_of_find_package(Release ddim)
expect_of_find_package(RelWithDebInfo ddim)
expect_of_find_package("" ddim)

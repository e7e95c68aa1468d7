# The archive's code is its own: a program that is compiled with other flags, and linked at link time or with a Debug
# archive, gets the sample that it gets without.
#   cmake -DROOT=FOLDER -DBUILD=FOLDER -DCOMPILE=COMMAND -DOPTIONS=LIST -DGENERATOR=NAME -DEMULATOR=COMMAND -P lto.cmake
cmake_minimum_required(VERSION 3.22)
include("${CMAKE_CURRENT_LIST_DIR}/../package/run_command.cmake")

function(build_archive name)
    run_command("${CMAKE_COMMAND}" -S "${ROOT}" -B "${BUILD}/${name}" -G "${GENERATOR}" ${OPTIONS} -DDDIM_CUDA=OFF
        -DDDIM_BUILD_TESTS=OFF ${ARGN})
    run_command("${CMAKE_COMMAND}" --build "${BUILD}/${name}")
endfunction()
build_archive(plain -DCMAKE_BUILD_TYPE=Release)
build_archive(lto -DCMAKE_BUILD_TYPE=Release -DCMAKE_INTERPROCEDURAL_OPTIMIZATION=ON)
build_archive(debug -DCMAKE_BUILD_TYPE=Debug)

set(source "${ROOT}/tests/archive/lto.cpp")
function(check archive)
    run_command(${COMPILE} -std=c++17 "-I${ROOT}/include" ${ARGN} "${source}" "${BUILD}/${archive}/lib/libddim.a"
        -o "${BUILD}/program")
    execute_process(COMMAND ${EMULATOR} "${BUILD}/program" 50 OUTPUT_VARIABLE sample COMMAND_ERROR_IS_FATAL ANY)
    if(NOT DEFINED expected)
        set(expected "${sample}" PARENT_SCOPE)
    elseif(NOT sample STREQUAL expected)
        message(SEND_ERROR "${archive} archive, program with ${ARGN}: ${sample} instead of ${expected}")
    endif()
endfunction()
check(plain -O2 -ffp-contract=off)
foreach(flags "-O2" "-O3" "-Ofast" "-Os;-ffast-math" "-O2;-march=native")
    if(EMULATOR AND flags MATCHES "native")
        continue()
    endif()
    foreach(archive plain debug)
        check(${archive} ${flags})
    endforeach()
    check(lto ${flags} -flto)
endforeach()

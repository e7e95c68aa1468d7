# toolchains/bootstrap.sh draws digits for a user who may not install what is missing, on a machine without doctest;
# and packages.sh names what is missing.
#   cmake -DROOT=FOLDER -DWORK=FOLDER -P bootstrap.cmake
cmake_minimum_required(VERSION 3.22)
find_program(bash bash)
find_program(grep grep)
if(NOT bash OR NOT grep)
    message("SKIPPED: there is no bash, or no grep")
    return()
endif()

file(REMOVE_RECURSE "${WORK}")
function(add_program name)
    file(WRITE "${WORK}/${name}" "#!/bin/sh\n${ARGN}\n")
    file(CHMOD "${WORK}/${name}" PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE)
endfunction()
add_program(fake/id "echo 1000")
add_program(fake/dpkg-query "exit 1")
add_program(fake/apt-get "exit 1")
add_program(fake/grep "exec '${grep}' \"$@\"")
add_program(refuses/sudo "exit 1")
add_program(hides/cmake [[case $1 in -S) set -- "$@" -DDDIM_CUDA=OFF -DCMAKE_DISABLE_FIND_PACKAGE_doctest=ON ;; esac]]
    "\nexec '${CMAKE_COMMAND}' \"$@\"")

# Runs with `path` alone to find programs in; it must say `expected`.
function(expect path expected)
    execute_process(COMMAND "${CMAKE_COMMAND}" -E env "PATH=${path}" ${ARGN}
        OUTPUT_VARIABLE said ERROR_VARIABLE said RESULT_VARIABLE code)
    if(NOT code EQUAL 0 OR NOT said MATCHES "${expected}")
        message(FATAL_ERROR "${code}, and not '${expected}':\n${said}")
    endif()
endfunction()
set(install "${bash}" -c ". '${ROOT}/toolchains/packages.sh' && install_packages g++ doctest-dev")
expect("${WORK}/fake" "root or sudo: g[+][+] doctest-dev\n" ${install})
expect("${WORK}/fake:${WORK}/refuses" "could not be installed: g[+][+] doctest-dev\n" ${install})

# By links, so that the build is not the checkout's.
file(MAKE_DIRECTORY "${WORK}/checkout")
foreach(name CMakeLists.txt README.md include lib platform tests toolchains)
    file(CREATE_LINK "${ROOT}/${name}" "${WORK}/checkout/${name}" SYMBOLIC)
endforeach()
expect("${WORK}/fake:${WORK}/refuses:${WORK}/hides:$ENV{PATH}" "installed: g[+][+] cmake ninja-build\n.*40 digits"
    "${bash}" "${WORK}/checkout/toolchains/bootstrap.sh" demo)

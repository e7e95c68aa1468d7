# checks/top_level leaves a user's own files alone, and refuses the same files where git tracks them.
#   cmake -DROOT=FOLDER -DWORK=FOLDER -P users_files.cmake
cmake_minimum_required(VERSION 3.22)
find_program(git git)
if(NOT git)
    message("SKIPPED: there is no git")
    return()
endif()

# Whether the check takes the copy as it is now.
function(expect what takes)
    execute_process(COMMAND "${CMAKE_COMMAND}" "-DROOT=${WORK}" -P "${CMAKE_CURRENT_LIST_DIR}/top_level.cmake"
        RESULT_VARIABLE code OUTPUT_VARIABLE said ERROR_VARIABLE said)
    if((takes AND NOT code EQUAL 0) OR (NOT takes AND NOT said MATCHES "'notes.txt' has no place"))
        message(FATAL_ERROR "${what}: ${code}\n${said}")
    endif()
endfunction()

foreach(name GIT_DIR GIT_INDEX_FILE GIT_WORK_TREE) # of a hook that runs the tests: they name another repository
    unset(ENV{${name}})
endforeach()
file(REMOVE_RECURSE "${WORK}")
foreach(name CHANGELOG.md CMakeLists.txt CMakePresets.json CONTRIBUTING.md LICENSE README.md)
    file(WRITE "${WORK}/${name}" "")
endforeach()
foreach(name include lib platform tests toolchains)
    file(WRITE "${WORK}/${name}/file" "")
endforeach()
function(run_git)
    execute_process(COMMAND "${git}" -C "${WORK}" ${ARGN} COMMAND_ERROR_IS_FATAL ANY OUTPUT_QUIET)
endfunction()
run_git(init -q)
run_git(add .)
file(WRITE "${WORK}/notes.txt" "")
expect("a file of the user's" ON)
run_git(add notes.txt)
expect("a file that git tracks" OFF)
file(REMOVE_RECURSE "${WORK}/.git")
expect("a folder of no repository" ON)

# The top level of the repository holds what it promises to hold, and of what git tracks nothing else but dot files.
# Other files there are their owner's: all of them where ROOT is no checkout.
#   cmake -DROOT=FOLDER -P top_level.cmake
cmake_minimum_required(VERSION 3.22)
set(promised
    CHANGELOG.md CMakeLists.txt CMakePresets.json CONTRIBUTING.md LICENSE README.md include lib platform tests toolchains)

foreach(entry IN LISTS promised)
    if(NOT EXISTS "${ROOT}/${entry}")
        message(SEND_ERROR "'${entry}' is missing at the top level")
    endif()
endforeach()

# Not of a repository that ROOT is a folder of.
execute_process(COMMAND git -C "${ROOT}" rev-parse --show-prefix
    OUTPUT_VARIABLE place ERROR_QUIET RESULT_VARIABLE code OUTPUT_STRIP_TRAILING_WHITESPACE)
if(NOT code EQUAL 0 OR NOT place STREQUAL "")
    return()
endif()
execute_process(COMMAND git -C "${ROOT}" ls-files OUTPUT_VARIABLE tracked COMMAND_ERROR_IS_FATAL ANY)
string(REGEX REPLACE "(/[^\n]*)?\n" ";" entries "${tracked}")
list(REMOVE_DUPLICATES entries)
list(REMOVE_ITEM entries ${promised} "")
foreach(entry IN LISTS entries)
    if(NOT entry MATCHES "^[.]")
        message(SEND_ERROR "'${entry}' has no place at the top level")
    endif()
endforeach()

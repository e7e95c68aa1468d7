# The top level of the repository holds what it promises to hold, and dot files.
#   cmake -DROOT=FOLDER -P top_level.cmake
cmake_minimum_required(VERSION 3.22)
set(expected
    CMakeLists.txt CMakePresets.json LICENSE README.md
    include lib platform tests toolchains
    build) # ignored by git

file(GLOB entries RELATIVE "${ROOT}" "${ROOT}/*")
foreach(entry IN LISTS entries)
    # A build folder of another name is its owner's business.
    if(entry IN_LIST expected OR entry MATCHES "^\\." OR EXISTS "${ROOT}/${entry}/CMakeCache.txt")
        continue()
    endif()
    message(SEND_ERROR "'${entry}' has no place at the top level")
endforeach()

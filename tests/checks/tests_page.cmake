# tests/README.md: every file and folder that it names exists, and every file of cases is on it.
#   cmake -DROOT=FOLDER -P tests_page.cmake
cmake_minimum_required(VERSION 3.22)
set(tests "${ROOT}/tests")
file(READ "${tests}/README.md" text)

# A file, a folder of the list, the target of a link.
string(REGEX MATCHALL "(`[a-z_.]+/[A-Za-z0-9_./]+`|`[a-z_]+`:|\\([a-z]+/[A-Z]+\\.md\\))" names "${text}")
list(LENGTH names count)
if(count LESS 50)
    message(SEND_ERROR "${count} names are too few: the page or this check is broken")
endif()
foreach(name IN LISTS names)
    string(REGEX REPLACE "[`:()]" "" name "${name}")
    if(NOT EXISTS "${tests}/${name}")
        message(SEND_ERROR "the page names tests/${name}, which is not there")
    endif()
endforeach()

file(GLOB_RECURSE sources RELATIVE "${tests}" "${tests}/*_test.cpp")
foreach(source IN LISTS sources)
    string(FIND "${text}" "`${source}`" at)
    if(at EQUAL -1)
        message(SEND_ERROR "the page does not lead to tests/${source}")
    endif()
endforeach()

# What the checks of sources share.

# Sets `files` to the C++ files that ship, relative to `root`.
function(find_sources root files)
    set(globs "")
    foreach(folder include lib platform)
        foreach(suffix h hpp cpp cuh cu)
            list(APPEND globs "${root}/${folder}/*.${suffix}")
        endforeach()
    endforeach()
    file(GLOB_RECURSE found RELATIVE "${root}" ${globs})
    if(NOT found)
        message(FATAL_ERROR "no sources below '${root}'")
    endif()
    set(${files} "${found}" PARENT_SCOPE)
endfunction()

# Sets `code` to the text of a file without comments and string literals, and with a blank at each end of a line, so
# that every word has a neighbour.
function(read_code file code)
    file(READ "${file}" text)
    string(REGEX REPLACE "\"[^\"\n]*\"|//[^\n]*|/\\*([^*]|\\*+[^*/])*\\*+/" " " text "${text}")
    string(REPLACE "\n" " \n " text "${text}")
    set(${code} " ${text} " PARENT_SCOPE)
endfunction()

# An error for the first line of `code` that matches.
function(refuse file code regex why)
    if(code MATCHES "[^\n]*(${regex})[^\n]*")
        string(STRIP "${CMAKE_MATCH_0}" line)
        message(SEND_ERROR "${file}: ${why}\n  ${line}")
    endif()
endfunction()

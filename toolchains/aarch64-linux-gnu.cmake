# Builds for 64-bit Arm Linux on another machine, and runs what was built there under qemu:
#
#     cmake -S . -B build/aarch64 -G Ninja -DCMAKE_TOOLCHAIN_FILE=toolchains/aarch64-linux-gnu.cmake
#
# What is set from outside is kept:
#   CMAKE_C_COMPILER, CMAKE_CXX_COMPILER   another GCC, or clang and clang++
#   CMAKE_SYSROOT                          the device's root file system, or an image of it: headers, libraries and
#                                          packages (doctest, for the tests) then come from there only
#   CMAKE_CROSSCOMPILING_EMULATOR          another way to run a program: a script that copies it to a board, say
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)

# One line, once in a configuration: CMake reads a toolchain file several times.
function(toolchain_note text)
    get_property(is_probe GLOBAL PROPERTY IN_TRY_COMPILE)
    get_property(notes GLOBAL PROPERTY toolchain_notes)
    if(NOT is_probe AND NOT text IN_LIST notes)
        set_property(GLOBAL APPEND PROPERTY toolchain_notes "${text}")
        message(STATUS "${text}")
    endif()
endfunction()

find_program(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
find_program(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
if(NOT CMAKE_C_COMPILER OR NOT CMAKE_CXX_COMPILER)
    message(FATAL_ERROR "no aarch64-linux-gnu-g++: apt-get install g++-aarch64-linux-gnu, or set CMAKE_CXX_COMPILER "
        "and CMAKE_C_COMPILER")
endif()
# For clang; a GCC has its target built in.
set(CMAKE_C_COMPILER_TARGET aarch64-linux-gnu)
set(CMAKE_CXX_COMPILER_TARGET aarch64-linux-gnu)

if(CMAKE_SYSROOT)
    set(aarch64_root "${CMAKE_SYSROOT}")
    set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
else()
    set(aarch64_root /usr/aarch64-linux-gnu) # where Debian and Ubuntu put the C library for cross compilers
    set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE BOTH) # this machine's header-only packages serve both
endif()
list(APPEND CMAKE_FIND_ROOT_PATH "${aarch64_root}")
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)

if(NOT DEFINED CMAKE_CROSSCOMPILING_EMULATOR)
    find_program(QEMU_AARCH64 NAMES qemu-aarch64-static qemu-aarch64)
    if(QEMU_AARCH64)
        set(CMAKE_CROSSCOMPILING_EMULATOR "${QEMU_AARCH64};-L;${aarch64_root}")
    else()
        toolchain_note("no qemu-aarch64, so no tests: apt-get install qemu-user-static, or set CMAKE_CROSSCOMPILING_EMULATOR")
    endif()
endif()

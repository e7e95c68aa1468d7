# What the Jetson toolchain files share: the cross compiler, nvcc, and the CUDA runtime that programs link.
#
# The runtime is the toolkit's own aarch64 target, targets/aarch64-linux (JetPack 6) or targets/sbsa-linux (JetPack 7:
# from CUDA 13 on; before it was for servers). nvcc is the first of these whose toolkit has one: $CUDACXX, the one on
# PATH, /usr/local/cuda, build/cuda-aarch64 (which cuda-aarch64.sh makes). Where none has, programs cannot be linked
# but the archives are still built.
#
# What is set from outside is kept: CMAKE_CUDA_COMPILER, CMAKE_CUDA_HOST_COMPILER, CMAKE_CUDA_ARCHITECTURES, and all
# that aarch64-linux-gnu.cmake keeps.
include("${CMAKE_CURRENT_LIST_DIR}/aarch64-linux-gnu.cmake")

# Sets `target` to the folder of the aarch64 target in the toolkit of `nvcc`, or to nothing.
function(find_aarch64_target nvcc target)
    set(${target} "" PARENT_SCOPE)
    get_filename_component(bin "${nvcc}" DIRECTORY)
    foreach(name aarch64-linux sbsa-linux)
        get_filename_component(folder "${bin}/../targets/${name}" ABSOLUTE)
        if(EXISTS "${folder}/lib/libcudart_static.a" AND EXISTS "${folder}/include/cuda_runtime_api.h")
            file(STRINGS "${folder}/include/cuda_runtime_api.h" version REGEX "^#define CUDART_VERSION ")
            if(name STREQUAL "aarch64-linux" OR version MATCHES " 1[3-9][0-9][0-9][0-9]")
                set(${target} "${folder}" PARENT_SCOPE)
                return()
            endif()
        endif()
    endforeach()
endfunction()

list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES CMAKE_CUDA_COMPILER) # CMake's tests then find what this finds
if(CMAKE_CUDA_COMPILER)
    find_program(nvcc_given NAMES "${CMAKE_CUDA_COMPILER}" NO_CACHE)
    find_aarch64_target("${nvcc_given}" cuda_target)
else()
    find_program(nvcc_on_path nvcc NO_CACHE)
    foreach(nvcc "$ENV{CUDACXX}" "${nvcc_on_path}" /usr/local/cuda/bin/nvcc
            "${CMAKE_CURRENT_LIST_DIR}/../build/cuda-aarch64/bin/nvcc")
        if(EXISTS "${nvcc}" AND NOT cuda_target)
            find_aarch64_target("${nvcc}" cuda_target)
            if(cuda_target OR NOT CMAKE_CUDA_COMPILER)
                get_filename_component(CMAKE_CUDA_COMPILER "${nvcc}" ABSOLUTE)
            endif()
        endif()
    endforeach()
    if(NOT CMAKE_CUDA_COMPILER)
        message(FATAL_ERROR "no nvcc: install NVIDIA's CUDA toolkit for this machine (apt package cuda-nvcc), or set "
            "CMAKE_CUDA_COMPILER")
    endif()
endif()
if(NOT CMAKE_CUDA_HOST_COMPILER)
    set(CMAKE_CUDA_HOST_COMPILER "${CMAKE_CXX_COMPILER}")
endif()

if(cuda_target)
    get_filename_component(target_name "${cuda_target}" NAME)
    set(cuda_flags "-target-dir ${target_name}")
    # FindCUDAToolkit of older CMakes (3.25, say) does not look into sbsa-linux.
    set(CUDAToolkit_TARGET_DIR "${cuda_target}")
    list(PREPEND CMAKE_FIND_ROOT_PATH "${cuda_target}")
else()
    toolchain_note("no aarch64 CUDA runtime, so archives only, no tests: install JetPack's cross packages \
(cuda-cross-aarch64, cuda-cross-sbsa) or run bash toolchains/cuda-aarch64.sh, and configure in an empty folder")
    if(NOT DEFINED DDIM_BUILD_TESTS)
        set(DDIM_BUILD_TESTS OFF)
    endif()
    # CMake learns about nvcc by linking a program, even where no library is there to link.
    set(cuda_flags "-target-dir x86_64-linux -cudart none -cudadevrt none -Xlinker --unresolved-symbols=ignore-all")
    set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
    find_program(CMAKE_RANLIB aarch64-linux-gnu-ranlib) # which CMake 3.25 does not hand on to its test of nvcc
endif()
if(CMAKE_SYSROOT)
    string(APPEND cuda_flags " -Xcompiler=--sysroot=${CMAKE_SYSROOT}") # CMake tells g++, but not nvcc
endif()
if(NOT DEFINED CMAKE_CUDA_FLAGS)
    set(CMAKE_CUDA_FLAGS_INIT "${cuda_flags}")
elseif(NOT CMAKE_CUDA_FLAGS MATCHES "-target-dir")
    set(CMAKE_CUDA_FLAGS "${cuda_flags} ${CMAKE_CUDA_FLAGS}" CACHE STRING "Flags of nvcc" FORCE)
endif()

# Jetson Orin: machine code for its GPU, sm_87. cuda-aarch64.cmake says what is found and what can be set.
if(NOT DEFINED CMAKE_CUDA_ARCHITECTURES)
    set(CMAKE_CUDA_ARCHITECTURES 87-real)
endif()
include("${CMAKE_CURRENT_LIST_DIR}/cuda-aarch64.cmake")

# The README's CUDA sample is the program that is built and tested, to the letter.
#   cmake -DROOT=FOLDER -P readme_cuda_sample.cmake
cmake_minimum_required(VERSION 3.22)
file(READ "${ROOT}/README.md" readme)
file(READ "${ROOT}/tests/examples/ddim_cuda_sample.cu" sample)
string(FIND "${readme}" "\n```cuda\n${sample}```\n" place)
if(place EQUAL -1)
    message(FATAL_ERROR "README.md has no ```cuda block that is tests/examples/ddim_cuda_sample.cu")
endif()

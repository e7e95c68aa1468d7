# The CUDA samples of the pages are the program that is built and tested: the whole of it in platform/cuda/README.md, to
# the letter; some of its lines, in order, in README.md.
#   cmake -DROOT=FOLDER -P cuda_samples.cmake
cmake_minimum_required(VERSION 3.22)
include("${CMAKE_CURRENT_LIST_DIR}/page_block.cmake")
file(READ "${ROOT}/tests/examples/ddim_cuda_sample.cu" sample)

file(READ "${ROOT}/platform/cuda/README.md" page)
string(FIND "${page}" "\n```cuda\n${sample}```\n" place)
if(place EQUAL -1)
    message(SEND_ERROR "platform/cuda/README.md has no ```cuda block that is tests/examples/ddim_cuda_sample.cu")
endif()

read_page_block("${ROOT}/README.md" cuda excerpt)

# Line by line, and not as a list, in which brackets and semicolons have a meaning. What stands before a line is done.
set(rest "\n${sample}")
set(excerpt "${excerpt}\n")
set(count 0)
while(excerpt MATCHES "^([^\n]*)\n")
    set(line "${CMAKE_MATCH_1}")
    string(LENGTH "${line}\n" length)
    string(SUBSTRING "${excerpt}" ${length} -1 excerpt)
    if(line MATCHES "^ *(//.*)?$")
        continue()
    endif()
    math(EXPR count "${count} + 1")
    string(FIND "${rest}" "\n${line}\n" place)
    if(place EQUAL -1)
        message(FATAL_ERROR "a line of README.md's ```cuda block that the sample does not have there:\n${line}")
    endif()
    string(LENGTH "\n${line}" length)
    math(EXPR place "${place} + ${length}")
    string(SUBSTRING "${rest}" ${place} -1 rest)
endwhile()
if(count LESS 5)
    message(FATAL_ERROR "README.md's ```cuda block has ${count} lines of code: the page or this check is broken")
endif()

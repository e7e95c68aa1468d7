# The calls of CUDA that an archive makes are those of a list, no more and no fewer.
#   cmake -DARCHIVE=FILE -DNM=PROGRAM -DWRAPPED=LIST -P wrapped_calls.cmake
cmake_minimum_required(VERSION 3.22)
execute_process(COMMAND "${NM}" --undefined-only "${ARCHIVE}" OUTPUT_VARIABLE text COMMAND_ERROR_IS_FATAL ANY)
# What begins with underscores is not called by us: it registers and launches what nvcc compiled.
string(REGEX MATCHALL " U cuda[A-Za-z0-9_]+" called "${text}")
list(TRANSFORM called REPLACE " U " "")
list(REMOVE_DUPLICATES called)
list(SORT called)
list(SORT WRAPPED)
if(NOT called OR NOT called STREQUAL WRAPPED)
    message(FATAL_ERROR "the archive calls ${called}\nthe list has ${WRAPPED}")
endif()

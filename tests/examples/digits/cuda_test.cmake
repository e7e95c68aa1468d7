# ddim_digits --backend cuda draws the very digits that --backend host draws.
#     cmake -DPROGRAM=.../ddim_digits -DFOLDER=FOLDER [-DEMULATOR=COMMAND] -P cuda_test.cmake
function(draw backend file line)
    separate_arguments(arguments UNIX_COMMAND "${line}")
    execute_process(COMMAND ${EMULATOR} "${PROGRAM}" ${arguments} --backend ${backend} --out "${FOLDER}/${file}"
        RESULT_VARIABLE code OUTPUT_VARIABLE output ERROR_VARIABLE errors)
    if(errors MATCHES "no CUDA-capable device is detected|CUDA driver version is insufficient")
        message("SKIPPED: no GPU")
        return()
    endif()
    if(NOT code EQUAL 0 OR NOT errors STREQUAL "")
        message(SEND_ERROR "'${line} --backend ${backend}' ended with ${code}: ${errors}")
    endif()
    set(table "${output}" PARENT_SCOPE)
endfunction()

file(REMOVE_RECURSE "${FOLDER}")
file(MAKE_DIRECTORY "${FOLDER}")
foreach(line
        "--digit all --count 12 --steps 10 --guidance 2"      # three runs of the host's in one
        "--digit 7 --count 1 --steps 1"                       # a group of rows that is not full
        "--digit 3 --count 5 --steps 6 --guidance 1 --seed 9" # one model row for each digit
        "--digit all --count 1 --steps 5 --guidance -1.5 --eta 1 --seed 18446744073709551615")
    draw(cuda cuda.pgm "${line}")
    draw(host host.pgm "${line}")
    if(NOT EXISTS "${FOLDER}/cuda.pgm")
        return()
    endif()
    execute_process(COMMAND "${CMAKE_COMMAND}" -E compare_files "${FOLDER}/cuda.pgm" "${FOLDER}/host.pgm"
        RESULT_VARIABLE differ)
    if(NOT differ EQUAL 0)
        message(SEND_ERROR "'${line}': other digits from cuda than from the host")
    endif()
    file(REMOVE "${FOLDER}/cuda.pgm" "${FOLDER}/host.pgm")
endforeach()

# auto takes the GPU, and says so.
draw(auto auto.pgm "--digit 1 --count 1 --steps 1")
if(NOT table MATCHES "backend +cuda \\(.")
    message(SEND_ERROR "auto did not take the GPU that cuda took: ${table}")
endif()

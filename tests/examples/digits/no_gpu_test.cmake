# ddim_digits where no GPU can be used: cuda is an error of one line, auto takes the host and says why.
#     cmake -DPROGRAM=.../ddim_digits [-DEMULATOR=COMMAND] -P no_gpu_test.cmake
set(ENV{CUDA_VISIBLE_DEVICES} "")
foreach(backend cuda auto)
    execute_process(COMMAND ${EMULATOR} "${PROGRAM}" --digit 1 --count 1 --steps 1 --backend ${backend}
        RESULT_VARIABLE ${backend}_code OUTPUT_VARIABLE ${backend}_output ERROR_VARIABLE ${backend}_errors)
endforeach()
if(auto_output MATCHES "backend +cuda")
    message("SKIPPED: this CUDA runtime cannot hide its GPU")
    return()
endif()
if(NOT cuda_code EQUAL 1 OR NOT cuda_output STREQUAL ""
   OR NOT cuda_errors MATCHES "^ddim_digits: the backend cannot work on this machine[^\n]*: [^\n]*CUDA[^\n]*\n$")
    message(SEND_ERROR "cuda ended with ${cuda_code}: ${cuda_output}${cuda_errors}")
endif()
if(NOT auto_code EQUAL 0 OR NOT auto_errors STREQUAL "" OR NOT auto_output MATCHES "backend +host \\(cuda: [^\n]*CUDA")
    message(SEND_ERROR "auto ended with ${auto_code}: ${auto_output}${auto_errors}")
endif()

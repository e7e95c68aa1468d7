# Wrong command lines of ddim_digits: each ends with exit code 2 and one line on stderr, and draws nothing.
#     cmake -DPROGRAM=.../ddim_digits [-DHAS_CUDA=1] [-DEMULATOR=COMMAND] -P options_test.cmake
set(only_without_cuda "--backend cuda")
if(HAS_CUDA)
    set(only_without_cuda)
endif()
foreach(line ${only_without_cuda}
        "--digit 10" "--digit -1" "--digit some" "--digit 3x" "--count 0" "--count 1001" "--count 1e3"
        "--count 99999999999999999999" "--steps 0" "--steps 1001" "--steps -5" "--steps ten" "--guidance nan"
        "--guidance inf" "--guidance 101" "--guidance x" "--eta -0.1" "--eta 1.1" "--eta nan" "--seed -1" "--seed x"
        "--seed 18446744073709551616" "--backend gpu" "--digit" "--count" "--steps" "--eta" "--seed" "--backend" "--out"
        "--what 1" "digit" "-h")
    separate_arguments(arguments UNIX_COMMAND "${line}")
    execute_process(COMMAND ${EMULATOR} "${PROGRAM}" ${arguments}
        RESULT_VARIABLE code OUTPUT_VARIABLE output ERROR_VARIABLE errors)
    if(NOT code EQUAL 2)
        message(SEND_ERROR "'${line}' ended with ${code} instead of 2")
    endif()
    if(NOT output STREQUAL "")
        message(SEND_ERROR "'${line}' printed a result: ${output}")
    endif()
    if(NOT errors MATCHES "^ddim_digits: [^\n]+\n$")
        message(SEND_ERROR "'${line}' did not say what is wrong in one line: ${errors}")
    endif()
endforeach()

# Nobody watches the progress in a file.
execute_process(COMMAND ${EMULATOR} "${PROGRAM}" --backend host --count 1 --steps 2
    RESULT_VARIABLE code OUTPUT_QUIET ERROR_VARIABLE errors)
if(NOT code EQUAL 0 OR NOT errors STREQUAL "")
    message(SEND_ERROR "a good run ended with ${code}, on stderr: ${errors}")
endif()

# --help is no error, and an output file that cannot be written is another one.
execute_process(COMMAND ${EMULATOR} "${PROGRAM}" --help RESULT_VARIABLE code OUTPUT_VARIABLE output)
if(NOT code EQUAL 0 OR NOT output MATCHES "^usage: ddim_digits")
    message(SEND_ERROR "--help ended with ${code}: ${output}")
endif()
execute_process(COMMAND ${EMULATOR} "${PROGRAM}" --count 1 --out "${PROGRAM}/no/such/folder.pgm"
    RESULT_VARIABLE code OUTPUT_QUIET ERROR_VARIABLE errors)
if(NOT code EQUAL 1 OR NOT errors MATCHES "cannot write")
    message(SEND_ERROR "an unwritable file ended with ${code}: ${errors}")
endif()

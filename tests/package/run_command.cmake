# Runs a command; an error, with all that it said, unless it succeeds.
function(run_command)
    execute_process(COMMAND ${ARGN} OUTPUT_VARIABLE said ERROR_VARIABLE said RESULT_VARIABLE code)
    if(NOT code EQUAL 0)
        list(JOIN ARGN " " command)
        message(FATAL_ERROR "${command}: ${code}\n${said}")
    endif()
endfunction()

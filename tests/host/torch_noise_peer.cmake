# Compares torch_cpu_generator with torch, where there is one.
#     cmake -DPROGRAM=.../ddim_torch_noise_dump [-DEMULATOR=COMMAND] -P torch_noise_peer.cmake
execute_process(COMMAND python3 -c "import torch" RESULT_VARIABLE code OUTPUT_QUIET ERROR_QUIET)
if(NOT code EQUAL 0)
    message("SKIPPED: this python3 has no torch")
    return()
endif()
execute_process(COMMAND python3 "${CMAKE_CURRENT_LIST_DIR}/torch_noise_peer.py" ${EMULATOR} "${PROGRAM}"
    RESULT_VARIABLE code)
if(NOT code EQUAL 0)
    message(FATAL_ERROR "the noise is not torch's")
endif()

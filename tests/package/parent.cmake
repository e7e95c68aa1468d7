# Configures the user's project of parent/, which must say what is EXPECTED.
#   cmake -DDDIM_SOURCE=FOLDER -DBUILD=FOLDER -DGENERATOR=NAME -DCACHE=FILE -DOPTIONS=OPTIONS -DEXPECTED=REGEX
#         -P parent.cmake
cmake_minimum_required(VERSION 3.22)
file(REMOVE_RECURSE "${BUILD}")
execute_process(
    COMMAND "${CMAKE_COMMAND}" -S "${CMAKE_CURRENT_LIST_DIR}/parent" -B "${BUILD}" -G "${GENERATOR}" -C "${CACHE}"
        "-DDDIM_SOURCE=${DDIM_SOURCE}" ${OPTIONS}
    OUTPUT_VARIABLE said ERROR_VARIABLE said)
if(NOT said MATCHES "${EXPECTED}")
    message(FATAL_ERROR "expected: ${EXPECTED}\nsaid: ${said}")
endif()

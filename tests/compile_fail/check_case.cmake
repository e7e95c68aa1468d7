# One case: it must compile as it is, and with MISUSE defined it must not, for the reason that the file expects.
#   cmake -DCOMPILER=PROGRAM -DINCLUDE=FOLDER -DCASE=FILE -P check_case.cmake
cmake_minimum_required(VERSION 3.22)
set(ENV{LC_ALL} C) # English, and plain quotes

file(STRINGS "${CASE}" expected REGEX "^// expected-error: .")
string(REGEX REPLACE "^// expected-error: " "" expected "${expected}")
if(expected STREQUAL "")
    message(FATAL_ERROR "no line '// expected-error: REGEX' in ${CASE}")
endif()

# Sets `code` and `said`.
macro(compile)
    # A case's constants have no reader: not the misuse that it is about.
    execute_process(
        COMMAND "${COMPILER}" -std=c++17 -fsyntax-only -Wall -Wextra -Werror -Wno-unused-const-variable
            -I "${INCLUDE}" ${ARGN} "${CASE}"
        RESULT_VARIABLE code ERROR_VARIABLE said)
endmacro()

compile()
if(NOT code EQUAL 0)
    message("${said}")
    message(FATAL_ERROR "refused without its misuse: ${CASE}")
endif()
compile(-DMISUSE)
if(code EQUAL 0)
    message(FATAL_ERROR "compiles in spite of its misuse: ${CASE}")
endif()
if(NOT said MATCHES "${expected}")
    message("expected: ${expected}\ngot:\n${said}")
    message(FATAL_ERROR "refused for another reason than expected: ${CASE}")
endif()

# Compiles a program that includes every header and calls every builder, with a long list of warnings as errors, of
# those that the compiler knows; also with -ffast-math, as which it runs.
#   cmake -DCOMPILE=COMMAND -DID=GNU|Clang -DINCLUDE=FOLDER -DPROGRAM=FILE -DARCHIVE=FILE -DBUILD=FOLDER
#         -DEMULATOR=COMMAND -P warnings.cmake
cmake_minimum_required(VERSION 3.22)
include("${CMAKE_CURRENT_LIST_DIR}/run_command.cmake")

set(asked -Wall -Wextra -Wpedantic -Walloca -Warith-conversion -Wcast-align=strict -Wcast-qual -Wconversion
    -Wctor-dtor-privacy -Wdate-time -Wdeprecated-copy-dtor -Wdisabled-optimization -Wdouble-promotion
    -Wduplicated-branches -Wduplicated-cond -Wextra-semi -Wfloat-conversion -Wfloat-equal -Wformat=2
    -Wimplicit-fallthrough=5 -Winit-self -Winvalid-pch -Wlogical-op -Wmismatched-tags -Wmissing-declarations -Wnoexcept
    -Wnon-virtual-dtor -Wnull-dereference -Wold-style-cast -Woverloaded-virtual -Wpacked -Wredundant-decls
    -Wredundant-tags -Wshadow -Wsign-conversion -Wsign-promo -Wstrict-aliasing=2 -Wstrict-null-sentinel
    -Wstrict-overflow=2 -Wsuggest-override -Wswitch-enum -Wtrampolines -Wundef -Wunused
    -Wunused-const-variable=2 -Wunused-macros -Wuseless-cast -Wvla -Wvolatile -Wzero-as-null-pointer-constant)
if(ID MATCHES "Clang")
    # All but what asks for another standard, for no padding, for no pointers, for a default label that would hide a
    # missing case.
    set(asked -Weverything -Wno-c++98-compat -Wno-c++98-compat-pedantic -Wno-c++20-compat -Wno-padded
        -Wno-unsafe-buffer-usage -Wno-switch-default)
endif()
file(MAKE_DIRECTORY "${BUILD}")
file(WRITE "${BUILD}/empty.cpp" "")
set(known -Werror)
foreach(flag IN LISTS asked)
    execute_process(COMMAND ${COMPILE} -Werror ${flag} -fsyntax-only "${BUILD}/empty.cpp"
        RESULT_VARIABLE code OUTPUT_QUIET ERROR_QUIET)
    if(code EQUAL 0)
        list(APPEND known ${flag})
    endif()
endforeach()

foreach(options -std=c++17 "-std=c++20;-O2" "-std=c++17;-O2;-ffast-math")
    run_command(${COMPILE} ${options} ${known} "-I${INCLUDE}" -c "${PROGRAM}" -o "${BUILD}/program.o")
endforeach()
run_command(${COMPILE} "${BUILD}/program.o" "${ARCHIVE}" -o "${BUILD}/program")
run_command(${EMULATOR} "${BUILD}/program")

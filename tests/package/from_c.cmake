# Builds and runs the C program of tests/examples/from_c on an installed copy, with C's libraries and no C++ runtime.
#   cmake -DSOURCE=FOLDER -DPREFIX=FOLDER -DCOMPILE=COMMAND -DLIBRARIES=FLAGS -DBUILD=FOLDER -DEMULATOR=COMMAND
#         -P from_c.cmake
cmake_minimum_required(VERSION 3.22)
include("${CMAKE_CURRENT_LIST_DIR}/run_command.cmake")

file(REMOVE_RECURSE "${BUILD}")
file(MAKE_DIRECTORY "${BUILD}")
file(GLOB_RECURSE archive "${PREFIX}/*/libddim.a")
run_command(${COMPILE} -x c -std=c99 -pedantic-errors -Wall -Wextra -Werror -c "${SOURCE}/robot.c"
    -o "${BUILD}/robot.o")
run_command(${COMPILE} -std=c++17 -fno-exceptions -Wall -Wextra -Werror "-I${PREFIX}/include" -c "${SOURCE}/policy.cpp"
    -o "${BUILD}/policy.o")
run_command(${COMPILE} "${BUILD}/robot.o" "${BUILD}/policy.o" "${archive}" ${LIBRARIES} -o "${BUILD}/robot")
run_command(${EMULATOR} "${BUILD}/robot")

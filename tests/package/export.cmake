# Builds and installs a library that links ddim, with ddim's own install rules, and runs a program that uses it.
#   cmake -DDDIM_SOURCE=FOLDER -DBUILD=FOLDER -DGENERATOR=NAME -DCACHE=FILE -DOPTIONS=OPTIONS -DEMULATOR=COMMAND
#         -P export.cmake
# OPTIONS are those of both builds.
cmake_minimum_required(VERSION 3.22)
include("${CMAKE_CURRENT_LIST_DIR}/run_command.cmake")

file(REMOVE_RECURSE "${BUILD}")
set(exporter "${CMAKE_CURRENT_LIST_DIR}/exporter")
run_command("${CMAKE_COMMAND}" -S "${exporter}" -B "${BUILD}" -G "${GENERATOR}" -C "${CACHE}" ${OPTIONS}
    "-DDDIM_SOURCE=${DDIM_SOURCE}" -DDDIM_INSTALL=ON)
run_command("${CMAKE_COMMAND}" --build "${BUILD}")
run_command("${CMAKE_COMMAND}" --install "${BUILD}" --prefix "${BUILD}/prefix")
run_command("${CMAKE_COMMAND}" -S "${exporter}/user" -B "${BUILD}/user" -G "${GENERATOR}" -C "${CACHE}" ${OPTIONS}
    "-DCMAKE_PREFIX_PATH=${BUILD}/prefix")
run_command("${CMAKE_COMMAND}" --build "${BUILD}/user")
run_command(${EMULATOR} "${BUILD}/user/user")

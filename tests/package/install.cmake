# Installs into PREFIX, and another copy elsewhere that is then moved to MOVED.
#   cmake -DBUILD=FOLDER -DPREFIX=FOLDER -DMOVED=FOLDER -P install.cmake
include("${CMAKE_CURRENT_LIST_DIR}/run_command.cmake")
file(REMOVE_RECURSE "${PREFIX}" "${MOVED}" "${PREFIX}.first")
run_command("${CMAKE_COMMAND}" --install "${BUILD}" --prefix "${PREFIX}")
run_command("${CMAKE_COMMAND}" --install "${BUILD}" --prefix "${PREFIX}.first")
get_filename_component(parent "${MOVED}" DIRECTORY)
file(MAKE_DIRECTORY "${parent}")
file(RENAME "${PREFIX}.first" "${MOVED}")

# The README's first C++ sample, as it is printed there, must build and run.
set(readme "${PROJECT_SOURCE_DIR}/README.md")
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${readme}")

include(page_block.cmake)
read_page_block("${readme}" cpp sample)

# By way of a second file, so that only another text is built anew.
file(WRITE "${CMAKE_CURRENT_BINARY_DIR}/readme_sample.txt" "${sample}\n")
configure_file("${CMAKE_CURRENT_BINARY_DIR}/readme_sample.txt" "${CMAKE_CURRENT_BINARY_DIR}/readme_sample.cpp" COPYONLY)

add_executable(ddim_readme_sample "${CMAKE_CURRENT_BINARY_DIR}/readme_sample.cpp")
target_link_libraries(ddim_readme_sample PRIVATE ddim::ddim ddim_build_options)
add_test(NAME checks/readme_sample COMMAND ddim_readme_sample)

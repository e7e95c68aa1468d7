# The README's first C++ sample, as it is printed there, must build and run.
set(readme "${PROJECT_SOURCE_DIR}/README.md")
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${readme}")

file(READ "${readme}" text)
set(fence "\n```cpp\n")
string(FIND "${text}" "${fence}" start)
if(start EQUAL -1)
    message(FATAL_ERROR "README.md has no ```cpp block: the sample that users copy is a test")
endif()
string(LENGTH "${fence}" fence_length)
math(EXPR start "${start} + ${fence_length}")
string(SUBSTRING "${text}" ${start} -1 sample)
string(FIND "${sample}" "\n```" end)
if(end EQUAL -1)
    message(FATAL_ERROR "README.md does not close its first ```cpp block")
endif()
string(SUBSTRING "${sample}" 0 ${end} sample)

# By way of a second file, so that only another text is built anew.
file(WRITE "${CMAKE_CURRENT_BINARY_DIR}/readme_sample.txt" "${sample}\n")
configure_file("${CMAKE_CURRENT_BINARY_DIR}/readme_sample.txt" "${CMAKE_CURRENT_BINARY_DIR}/readme_sample.cpp" COPYONLY)

add_executable(ddim_readme_sample "${CMAKE_CURRENT_BINARY_DIR}/readme_sample.cpp")
target_link_libraries(ddim_readme_sample PRIVATE ddim::ddim ddim_build_options)
add_test(NAME checks/readme_sample COMMAND ddim_readme_sample)

# A program whose plans are the headers that ddim_add_plan() makes of the golden configs.
add_executable(ddim_plan_header_tests trace/solver_headers_test.cpp)
target_link_libraries(ddim_plan_header_tests PRIVATE ddim_trace_test_support)
file(STRINGS "${PROJECT_SOURCE_DIR}/tests/golden/solvers/cases.csv" lines REGEX "Scheduler,")
foreach(line IN LISTS lines)
    string(REGEX MATCH "^([^,]+),[^,]+,([0-9]+)," head "${line}")
    set(name ${CMAKE_MATCH_1})
    set(arguments CONFIG "${PROJECT_SOURCE_DIR}/tests/golden/solvers/${name}.json" STEPS ${CMAKE_MATCH_2})
    if(line MATCHES "\"\"eta\"\": ([0-9.]+)")
        list(APPEND arguments ETA ${CMAKE_MATCH_1})
    endif()
    if(line MATCHES "\"\"mu\"\": ([0-9.]+)")
        list(APPEND arguments MU ${CMAKE_MATCH_1})
    endif()
    if(line MATCHES "\"\"sigmas\"\": .([0-9., ]+)")
        string(REGEX REPLACE ", *" ";" sigmas "${CMAKE_MATCH_1}")
        list(APPEND arguments SIGMAS ${sigmas})
    endif()
    if(name MATCHES "thresholding")
        list(APPEND arguments THRESHOLD_HOOK)
    endif()
    ddim_add_plan(ddim_plan_header_tests ${name} ${arguments})
    # One source for each: the compilers' limits on constants, and their memory, are per file.
    file(CONFIGURE OUTPUT "${CMAKE_CURRENT_BINARY_DIR}/solver_headers/${name}.cpp" @ONLY CONTENT
"#include \"${name}.hpp\"
extern const ddim::plan_view ${name}_plan;
const ddim::plan_view ${name}_plan = ${name}::plan;
")
    target_sources(ddim_plan_header_tests PRIVATE "${CMAKE_CURRENT_BINARY_DIR}/solver_headers/${name}.cpp")
    string(APPEND declarations "extern const ddim::plan_view ${name}_plan;\n")
    string(APPEND entries "    {\"${name}\", &${name}_plan},\n")
endforeach()
file(CONFIGURE OUTPUT "${CMAKE_CURRENT_BINARY_DIR}/solver_headers/solver_headers.hpp" @ONLY CONTENT
"#include \"ddim/plan.hpp\"
${declarations}
struct header_plan {
    const char* name;
    const ddim::plan_view* plan;
};
constexpr header_plan header_plans[] = {
${entries}};
")
target_include_directories(ddim_plan_header_tests PRIVATE "${CMAKE_CURRENT_BINARY_DIR}/solver_headers")
ddim_discover_tests(ddim_plan_header_tests trace)

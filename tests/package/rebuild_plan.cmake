# Builds the consumer's plan again: where nothing has changed nothing is compiled, where the config has changed the plan
# follows.
#   cmake -DPREFIX=FOLDER -DSAMPLE=FILE -DBUILD=FOLDER -DGENERATOR=NAME -DCACHE=FILE -DEMULATOR=COMMAND
#         -P rebuild_plan.cmake
cmake_minimum_required(VERSION 3.22)
include("${CMAKE_CURRENT_LIST_DIR}/run_command.cmake")

# Sets `said` to what a build says.
function(build)
    execute_process(COMMAND "${CMAKE_COMMAND}" --build "${BUILD}" --target planned
        OUTPUT_VARIABLE said ERROR_VARIABLE said RESULT_VARIABLE code)
    set(said "${said}" PARENT_SCOPE)
    set(code ${code} PARENT_SCOPE)
endfunction()

# `configures` and `compiles`: whether a build should.
function(expect what configures compiles)
    build()
    set(has_configured OFF)
    if(said MATCHES "Configuring done")
        set(has_configured ON)
    endif()
    set(has_compiled OFF)
    if(said MATCHES "Building CXX object")
        set(has_compiled ON)
    endif()
    if(NOT code EQUAL 0 OR NOT "${has_configured} ${has_compiled}" STREQUAL "${configures} ${compiles}")
        message(SEND_ERROR "${what}, configures ${configures}, compiles ${compiles}: ${code}\n${said}")
    endif()
endfunction()

file(REMOVE_RECURSE "${BUILD}")
file(READ "${CMAKE_CURRENT_LIST_DIR}/consumer/robot.json" text)
set(config "${BUILD}/robot.json")
file(WRITE "${config}" "${text}")
run_command("${CMAKE_COMMAND}" -S "${CMAKE_CURRENT_LIST_DIR}/consumer" -B "${BUILD}" -G "${GENERATOR}" -C "${CACHE}"
    -DWAY=find_package "-DSAMPLE=${SAMPLE}" -DCOMPONENTS=host -DLIBRARIES=ddim::ddim "-DCMAKE_PREFIX_PATH=${PREFIX}"
    "-DCONFIG=${config}")
expect("the first build" OFF ON)
run_command(${EMULATOR} "${BUILD}/planned" 90)
expect("nothing has changed" OFF OFF)
file(WRITE "${config}" "${text}")
expect("the same config, written again" ON OFF)

string(REPLACE "timesteps\": 100" "timesteps\": 50" other "${text}")
file(WRITE "${config}" "${other}")
expect("another config" ON ON)
run_command(${EMULATOR} "${BUILD}/planned" 45)

# A config that is refused stops the build and leaves the header as it was.
set(header "${BUILD}/ddim_plans/planned/robot_plan.hpp")
file(READ "${header}" before)
file(WRITE "${config}" "{")
build()
file(READ "${header}" after)
if(code EQUAL 0 OR NOT said MATCHES "is not a JSON object" OR NOT after STREQUAL before)
    message(SEND_ERROR "a broken config: ${code}\n${said}\n${after}")
endif()
file(WRITE "${config}" "${text}")
expect("the first config again" ON ON)
run_command(${EMULATOR} "${BUILD}/planned" 90)

# Runs ddim-plan.cmake as a script, for plan_refusals.cmake and plan_lines.cmake. SCRIPT and BUILD are theirs.
#
# A config's text may ask for two secrets, as what CMake, make and a shell would evaluate.
set(secret evaluated-secret)
set(ENV{DDIM_PLAN_SECRET} ${secret})

# Writes `text` into CONFIG and runs the script with ARGN, ~ in it for a semicolon, in an empty folder. Sets `code`,
# `out` and `err`. Whatever the config, nothing of it is evaluated and nothing is written.
function(run_plan_script text)
    file(REMOVE_RECURSE "${BUILD}/empty")
    file(MAKE_DIRECTORY "${BUILD}/empty")
    file(WRITE "${BUILD}/config.json" "${text}")
    string(REPLACE "~" "\\;" arguments "${ARGN}")
    execute_process(
        COMMAND "${CMAKE_COMMAND}" "-DCONFIG=${BUILD}/config.json" -DSECRET=${secret} ${arguments} -P "${SCRIPT}"
        WORKING_DIRECTORY "${BUILD}/empty" RESULT_VARIABLE code OUTPUT_VARIABLE out ERROR_VARIABLE err)
    file(GLOB written LIST_DIRECTORIES ON "${BUILD}/empty/*")
    if(written)
        message(SEND_ERROR "${text}: the script wrote ${written}")
    endif()
    if("${out}${err}" MATCHES "${secret}")
        message(SEND_ERROR "${text}: evaluated in\n${out}${err}")
    endif()
    foreach(result code out err)
        set(${result} "${${result}}" PARENT_SCOPE)
    endforeach()
endfunction()

# What a stranger may write in a config, as JSON's strings: hostile_1 .. hostile_${hostile_count}.
set(hostile_1 [==[\"quoted\" 'twice']==])
set(hostile_2 [==[a;b;c]==])
set(hostile_3 [==[${SECRET}]==])
set(hostile_4 [==[$ENV{DDIM_PLAN_SECRET}]==])
set(hostile_5 [==[@SECRET@]==])
set(hostile_6 [==[two\nlines\n#define x]==])
set(hostile_7 [==[back\\slash\\n\\]==])
set(hostile_8 [==[[[bracket]] [=[x]=] )]==])
set(hostile_9 [==[$(echo $DDIM_PLAN_SECRET) `echo $DDIM_PLAN_SECRET` | & > empty]==])
set(hostile_10 [==[*/ #error]==])
set(hostile_11 [==[\u00e9\u0001\ttab]==])
set(hostile_12 [==[$<1:x>%n%s]==])
set(hostile_13 [==[ON;OFF;DDIMScheduler]==])
set(hostile_14 [==[-DSTEPS=3]==])
set(hostile_count 14)

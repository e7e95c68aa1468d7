# Include arrows go one way, and nobody behind the plan knows a solver.
#   cmake -DROOT=FOLDER -P layering.cmake
cmake_minimum_required(VERSION 3.22)
include("${CMAKE_CURRENT_LIST_DIR}/source_code.cmake")

# include/ddim from left to right: a header includes only what stands in a line above its own. The last line is
# for users: lib does not include it.
set(house
    "config.h span.hpp status.hpp detail/constexpr_math.hpp"
    "detail/bits.hpp detail/constant.hpp"
    "schedule.hpp"
    "timesteps.hpp ddpm.hpp"
    "plan.hpp"
    "arena.hpp inpainting.hpp"
    "random.hpp model.hpp detail/step.hpp detail/element.hpp"
    "backend.hpp hooks.hpp"
    "sampler.hpp"
    "intermediates.hpp"
    "host.hpp cuda.hpp")
set(system_headers cstddef cstdint)
# cuda.hpp and platform/cuda are made of CUDA; nothing else may know it.
set(cuda_headers cuda_runtime_api.h)
# The builders of tables may name solvers; the rest of lib, and platform, may not.
set(builders lib/tables.cpp lib/ddpm.cpp)
set(solvers "ddim|ddpm|plms|euler|heun|dpm|lcm|unipc|[^a-z\n]eta[^a-z\n]")

list(LENGTH house end)
math(EXPR last "${end} - 1")

# The line of a header of include/ddim; `end` where it has none.
function(find_room header room)
    set(${room} ${end} PARENT_SCOPE)
    foreach(i RANGE ${last})
        list(GET house ${i} line)
        separate_arguments(line)
        if(header IN_LIST line)
            set(${room} ${i} PARENT_SCOPE)
        endif()
    endforeach()
endfunction()

# Whether `file` may include `name`, where headers of the rooms before `limit` are open to it.
function(check_include file limit name)
    if(name MATCHES "^<(.+)>$")
        set(header "${CMAKE_MATCH_1}")
        set(allowed ${system_headers})
        if(file MATCHES "^platform/cuda/|/cuda\\.hpp$")
            list(APPEND allowed ${cuda_headers})
        endif()
        if(NOT header IN_LIST allowed)
            message(SEND_ERROR "${file} includes ${name}: only these are allowed: ${allowed}")
        endif()
    elseif(name MATCHES "^\"ddim/(.+)\"$")
        find_room("${CMAKE_MATCH_1}" room)
        if(room GREATER_EQUAL limit)
            message(SEND_ERROR "${file} includes ${name}, which does not stand to its left")
        endif()
    else()
        string(REPLACE "\"" "" name "${name}")
        get_filename_component(folder "${file}" DIRECTORY)
        if(file MATCHES "^include/" OR name MATCHES "/" OR NOT EXISTS "${ROOT}/${folder}/${name}")
            message(SEND_ERROR "${file} includes \"${name}\", which is neither ddim/ nor a file beside it")
        endif()
    endif()
endfunction()

find_sources("${ROOT}" files)
foreach(file IN LISTS files)
    if(file MATCHES "^include/")
        string(REPLACE "include/ddim/" "" header "${file}")
        find_room("${header}" limit)
        if(limit EQUAL end)
            message(SEND_ERROR "${file} has no place in the house: give it one in layering.cmake")
        endif()
    elseif(file MATCHES "^lib/")
        set(limit ${last})
    else()
        set(limit ${end})
    endif()

    file(STRINGS "${ROOT}/${file}" lines REGEX "^[ \t]*#[ \t]*include")
    foreach(line IN LISTS lines)
        string(REGEX REPLACE "^[ \t]*#[ \t]*include[ \t]*([<\"][^>\"]*[>\"]).*" "\\1" name "${line}")
        check_include("${file}" ${limit} "${name}")
    endforeach()

    if(file MATCHES "^(lib|platform)/" AND NOT file IN_LIST builders)
        read_code("${ROOT}/${file}" code)
        # The namespace, the prefix of macros and a word of CUDA are also called so.
        string(REGEX REPLACE "namespace ddim|ddim::|DDIM_|gridDim" " " code "${code}")
        string(TOLOWER "${code}" code)
        refuse("${file}" "${code}" "${solvers}" "names a solver")
    endif()
endforeach()

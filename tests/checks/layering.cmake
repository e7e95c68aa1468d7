# Include arrows go one way, and nobody but the solvers knows a solver.
#   cmake -DROOT=FOLDER -P layering.cmake
cmake_minimum_required(VERSION 3.22)
include("${CMAKE_CURRENT_LIST_DIR}/source_code.cmake")

# include/ddim from left to right: a header includes only what stands in a line above its own. The last line is
# for users: lib does not include it.
file(GLOB solver_headers RELATIVE "${ROOT}/include/ddim" "${ROOT}/include/ddim/solvers/*.hpp")
set(derived_solvers solvers/edm.hpp) # another solver on levels of its own
list(REMOVE_ITEM solver_headers ${derived_solvers})
list(JOIN solver_headers " " solver_line)
set(house
    "config.h status.hpp"
    "span.hpp detail/constexpr_math.hpp detail/bits.hpp detail/constant.hpp"
    "schedule.hpp"
    "timesteps.hpp ddpm.hpp"
    "levels.hpp"
    "detail/level_path.hpp"
    "detail/level_checks.hpp prediction.hpp detail/posterior.hpp"
    "plan.hpp"
    "element.hpp inpainting.hpp chunking.hpp"
    "arena.hpp"
    "random.hpp torch_noise.hpp model.hpp detail/step.hpp"
    "backend.hpp hooks.hpp"
    "sampler.hpp detail/hook_math.hpp detail/noise_place.hpp"
    "intermediates.hpp"
    "detail/solver.hpp"
    "${solver_line}"
    "${derived_solvers}"
    "solvers.hpp"
    "host.hpp cuda.hpp")
set(system_headers cstddef cstdint)
# cuda.hpp and platform/cuda are made of CUDA; nothing else may know it.
set(cuda_headers cuda_runtime_api.h)
# Files that may name solvers: the solvers, and the reference's DDPM functions.
set(may_name "^(include/ddim|lib)/(solvers/[a-z0-9_]+|solvers|ddpm)\\.[a-z]+$")
set(names "ddim|ddpm|plms|pndm|euler|heun|dpm|lcm|tcd|unipc|[^a-z\n]eta[^a-z\n]")
# Not a solver's name: the namespace, the prefix of macros, a word of CUDA, the reference's buffers and inpainting, a
# status.
set(other_words "namespace ddim|ddim::|DDIM_|gridDim|ddpm_(buffer|table|point|entry)|compvis_ddpm_inpainting"
    "|eta_out_of_range")
list(JOIN other_words "" other_words)

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

    if(NOT file MATCHES "${may_name}")
        read_code("${ROOT}/${file}" code)
        string(REGEX REPLACE "${other_words}" " " code "${code}")
        string(TOLOWER "${code}" code)
        refuse("${file}" "${code}" "${names}" "names a solver")
    endif()
endforeach()

file(READ "${ROOT}/include/ddim/solvers.hpp" all_solvers)
foreach(header IN LISTS solver_headers derived_solvers)
    string(FIND "${all_solvers}" "\n#include \"ddim/${header}\"\n" at)
    if(at EQUAL -1)
        message(SEND_ERROR "solvers.hpp does not include ddim/${header}")
    endif()
endforeach()

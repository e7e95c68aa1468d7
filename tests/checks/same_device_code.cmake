# The device code in a cross-built archive is that of a build for this machine, byte for byte. Makes that build.
#   cmake -DROOT=FOLDER -DARCHIVE=FILE -DAR=PROGRAM -DOBJCOPY=PROGRAM -DNVCC=PROGRAM -DFLAGS=FLAGS
#       -DARCHITECTURES=LIST -DBUILD_TYPE=NAME -DWORK=FOLDER -P same_device_code.cmake
cmake_minimum_required(VERSION 3.22)

function(run)
    execute_process(COMMAND ${ARGN} OUTPUT_VARIABLE said ERROR_VARIABLE said RESULT_VARIABLE code)
    if(NOT code EQUAL 0)
        message(FATAL_ERROR "${ARGN}: ${code}\n${said}")
    endif()
endfunction()

# Writes the device code of each object of `archive` to `folder`, under the object's name.
function(extract_device_code archive objcopy folder)
    file(REMOVE_RECURSE "${folder}")
    file(MAKE_DIRECTORY "${folder}/objects")
    execute_process(COMMAND "${AR}" x "${archive}" WORKING_DIRECTORY "${folder}/objects" COMMAND_ERROR_IS_FATAL ANY)
    file(GLOB objects RELATIVE "${folder}/objects" "${folder}/objects/*.cu.o")
    foreach(object IN LISTS objects)
        run("${objcopy}" -O binary --only-section=.nv_fatbin "${folder}/objects/${object}" "${folder}/${object}")
    endforeach()
endfunction()

set(native "${WORK}/native")
run("${CMAKE_COMMAND}" -S "${ROOT}" -B "${native}" -G Ninja "-DCMAKE_BUILD_TYPE=${BUILD_TYPE}" -DDDIM_BUILD_TESTS=OFF
    -DDDIM_CUDA=ON "-DCMAKE_CUDA_COMPILER=${NVCC}" "-DCMAKE_CUDA_FLAGS=${FLAGS}"
    "-DCMAKE_CUDA_ARCHITECTURES=${ARCHITECTURES}")
run("${CMAKE_COMMAND}" --build "${native}" --target ddim_cuda)
load_cache("${native}" READ_WITH_PREFIX native_ CMAKE_OBJCOPY)

extract_device_code("${ARCHIVE}" "${OBJCOPY}" "${WORK}/cross_code")
extract_device_code("${native}/lib/libddim_cuda.a" "${native_CMAKE_OBJCOPY}" "${WORK}/native_code")
file(GLOB cross RELATIVE "${WORK}/cross_code" "${WORK}/cross_code/*.o")
file(GLOB here RELATIVE "${WORK}/native_code" "${WORK}/native_code/*.o")
if(NOT cross OR NOT cross STREQUAL here)
    message(FATAL_ERROR "objects with device code: '${cross}' in ${ARCHIVE}, '${here}' in the build for this machine")
endif()
foreach(object IN LISTS cross)
    file(SIZE "${WORK}/cross_code/${object}" size)
    file(SHA256 "${WORK}/cross_code/${object}" cross_hash)
    file(SHA256 "${WORK}/native_code/${object}" native_hash)
    if(size EQUAL 0)
        message(SEND_ERROR "${object}: no device code")
    elseif(NOT cross_hash STREQUAL native_hash)
        message(SEND_ERROR "${object}: not the device code of the build for this machine")
    else()
        message(STATUS "${object}: ${size} bytes of device code, sha256 ${cross_hash}")
    endif()
endforeach()

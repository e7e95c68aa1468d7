# The sources that ship do not even name the heap, exceptions or RTTI.
#   cmake -DROOT=FOLDER -P no_heap_words.cmake
cmake_minimum_required(VERSION 3.22)
include("${CMAKE_CURRENT_LIST_DIR}/source_code.cmake")

set(words new free throw try catch dynamic_cast typeid thread_local)
set(std_names size_t byte uintptr_t int32_t int64_t uint16_t uint32_t uint64_t)

string(REPLACE ";" "|" any_word "${words}")
find_sources("${ROOT}" files)
foreach(file IN LISTS files)
    read_code("${ROOT}/${file}" code)
    refuse("${file}" "${code}" "[^A-Za-z0-9_\n](${any_word})[^A-Za-z0-9_\n]" "a word of the heap, exceptions or RTTI")
    refuse("${file}" "${code}" "[Aa]lloc" "allocates")
    refuse("${file}" "${code}" "[^A-Za-z0-9_\n]delete[ \t]*[[A-Za-z_(*]" "deletes")
    string(REGEX MATCHALL "std::[A-Za-z0-9_]+" used "${code}")
    list(REMOVE_DUPLICATES used)
    foreach(name IN LISTS used)
        string(REPLACE "std::" "" name "${name}")
        if(NOT name IN_LIST std_names)
            message(SEND_ERROR "${file}: std::${name} is more than sizes and integers")
        endif()
    endforeach()
endforeach()

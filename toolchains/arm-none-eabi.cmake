# A Cortex-M without an operating system: the proof that the core and the CPU backend need none. Builds the archive
# and the checks of it, not the tests, which are programs.
#     cmake --workflow --preset cortex-m55
set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR arm)
set(DDIM_CORTEX "cortex-m55" CACHE STRING "Which core, as -mcpu names it")
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES DDIM_CORTEX)

find_program(DDIM_ARM_COMPILER arm-none-eabi-g++)
mark_as_advanced(DDIM_ARM_COMPILER)
if(NOT DDIM_ARM_COMPILER)
    message(FATAL_ERROR "arm-none-eabi-g++ is missing: apt-get install gcc-arm-none-eabi libstdc++-arm-none-eabi-newlib")
endif()
set(CMAKE_CXX_COMPILER "${DDIM_ARM_COMPILER}")
set(CMAKE_CXX_FLAGS_INIT "-mcpu=${DDIM_CORTEX} -mthumb -mfloat-abi=hard -ffreestanding")
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY) # a program would want a linker script

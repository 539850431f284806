# Cross compiler for cortex-m0plus.

set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR arm)
set(CMAKE_C_COMPILER arm-none-eabi-gcc)
set(CMAKE_CXX_COMPILER arm-none-eabi-g++)
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)

set(CORE_FLAGS "-mthumb -mcpu=cortex-m0plus -mfloat-abi=soft")
set(CMAKE_C_FLAGS_INIT "${CORE_FLAGS}")
set(CMAKE_CXX_FLAGS_INIT "${CORE_FLAGS}")

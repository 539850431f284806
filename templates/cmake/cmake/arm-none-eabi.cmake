{% if compiler.toolchain == "arm-none-eabi" %}
# Cross compiler for {{ board.core }}.

set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR arm)
set(CMAKE_C_COMPILER arm-none-eabi-gcc)
set(CMAKE_CXX_COMPILER arm-none-eabi-g++)
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)

set(CORE_FLAGS "-mthumb {{ compiler.flags | join(" ") }}")
set(CMAKE_C_FLAGS_INIT "${CORE_FLAGS}")
set(CMAKE_CXX_FLAGS_INIT "${CORE_FLAGS}")
{% endif %}

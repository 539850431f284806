{% if compiler.toolchain == "riscv64-unknown-elf" %}
# Cross compiler for {{ board.core }}, with picolibc.

set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR riscv32)
set(CMAKE_C_COMPILER riscv64-unknown-elf-gcc)
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)

set(CMAKE_C_FLAGS_INIT "{{ compiler.flags | join(" ") }}")
{% endif %}

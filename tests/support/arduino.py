"""A core for Arduino's builder in place of a board's own: a Cortex-M4F that QEMU has.

Arduino's cores come by its own tool alone. With this one the builder of Debian finds the library,
prepares the sketch, compiles for the UNO R4's processor and links; the sketch runs in QEMU.
"""

from pathlib import Path

from support.firmware_tools import output_of

_BOARDS = """\
minima.name=stand-in for the UNO R4 Minima
minima.build.board=STAND_IN
minima.build.core=stand_in
minima.build.f_cpu=25000000L
minima.upload.maximum_size=245760
minima.upload.maximum_data_size=32768
"""

_PLATFORM = """\
name=stand-in
version=1.0.0
compiler.warning_flags.all=-Wall -Wextra -Werror
core=-mcpu=cortex-m4 -mthumb -mfloat-abi=hard -mfpu=fpv4-sp-d16
flags=-c -g -Os {compiler.warning_flags} {core} -ffunction-sections -fdata-sections -MMD
cpp.flags={flags} -std=gnu++17 -fno-exceptions -fno-rtti
recipe.c.o.pattern=arm-none-eabi-gcc {flags} {includes} "{source_file}" -o "{object_file}"
recipe.cpp.o.pattern=arm-none-eabi-g++ {cpp.flags} {includes} "{source_file}" -o "{object_file}"
recipe.ar.pattern=arm-none-eabi-ar rcs "{archive_file_path}" "{object_file}"
archive_file_path={build.path}/{archive_file}
recipe.c.combine.pattern=arm-none-eabi-g++ {core} -nostartfiles --specs=nano.specs \
--specs=nosys.specs -Wl,--gc-sections "-T{build.core.path}/memory.ld" \
-o "{build.path}/{build.project_name}.elf" {object_files} "{build.path}/{archive_file}"
recipe.size.pattern=arm-none-eabi-size -A "{build.path}/{build.project_name}.elf"
recipe.size.regex=^(?:\\.text|\\.data)\\s+([0-9]+).*
recipe.size.regex.data=^(?:\\.data|\\.bss)\\s+([0-9]+).*
preproc.macros.flags=-w -x c++ -E -CC
recipe.preproc.macros=arm-none-eabi-g++ {cpp.flags} {preproc.macros.flags} {includes} \
"{source_file}" -o "{preprocessed_file_path}"
tools.ctags.pattern=arduino-ctags -u --language-force=c++ -f - --c++-kinds=svpf \
--fields=KSTtzns --line-directives "{source_file}"
"""

_ARDUINO_H = """\
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <string.h>
struct StandInSerial {
  void begin(unsigned long) {}
  explicit operator bool() const { return true; }
  void print(const char* text);
  void println(const char* text) { print(text); print("\\n"); }
};
extern StandInSerial Serial;
void setup();
void loop();
"""

# Semihosting: SYS_WRITE0 (4) prints, SYS_EXIT (0x18) with ADP_Stopped_ApplicationExit ends.
# Source: Arm, Semihosting for AArch32 and AArch64, 2.0. CPACR at 0xE000ED88: ARM DDI 0403.
_MAIN_CPP = """\
#include <Arduino.h>
extern "C" char _stack;
static int Semihosting(int operation, const void* argument) {
  register int r0 asm("r0") = operation;
  register const void* r1 asm("r1") = argument;
  asm volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
  return r0;
}
void StandInSerial::print(const char* text) { Semihosting(4, text); }
StandInSerial Serial;
extern "C" void Reset() {
  *reinterpret_cast<volatile uint32_t*>(0xE000ED88u) |= 0xFu << 20;
  asm volatile("dsb\\nisb");
  setup();
  loop();
  Semihosting(0x18, reinterpret_cast<const void*>(0x20026));
  for (;;) {
  }
}
__attribute__((section(".vectors"), used)) const void* const g_vectors[] = {
    &_stack, reinterpret_cast<const void*>(&Reset)};
"""

_MEMORY_LD = """\
ENTRY(Reset)
SECTIONS {
  . = 0;
  .text : { KEEP(*(.vectors)) *(.text*) *(.rodata*) }
  .ARM.exidx : { *(.ARM.exidx*) }
  . = 0x20000000;
  .data : { *(.data*) }
  .bss : { *(.bss*) *(COMMON) }
  end = .;
  _stack = 0x20008000;
}
"""


def build_sketch(folder: Path, fqbn: str, library: Path, sketch: Path) -> Path:
    """Compile a sketch with a library as `arduino-cli compile` would; return the ELF file."""
    vendor, architecture, _ = fqbn.split(":")
    platform = folder / "hardware" / vendor / architecture
    core = platform / "cores" / "stand_in"
    core.mkdir(parents=True)
    (platform / "boards.txt").write_text(_BOARDS)
    (platform / "platform.txt").write_text(_PLATFORM)
    for name, text in (
        ("Arduino.h", _ARDUINO_H),
        ("main.cpp", _MAIN_CPP),
        ("memory.ld", _MEMORY_LD),
    ):
        (core / name).write_text(text)
    (folder / "libraries").mkdir()
    (folder / "libraries" / library.name).symlink_to(library.resolve())
    (folder / "build").mkdir()
    said = output_of(
        ["arduino-builder", "-compile", "-warnings", "all",
         "-hardware", folder / "hardware", "-tools", "/usr/bin",
         "-libraries", folder / "libraries", "-build-path", folder / "build",
         "-fqbn", fqbn, sketch / f"{sketch.name}.ino"]
    )  # fmt: skip
    assert "Sketch uses" in said
    return folder / "build" / f"{sketch.name}.ino.elf"


def run_sketch(elf: Path) -> str:
    """Return what a sketch of `build_sketch` prints in QEMU."""
    return output_of(
        ["qemu-system-arm", "-M", "mps2-an386", "-nographic", "-monitor", "none", "-serial", "none",
         "-semihosting-config", "enable=on,target=native", "-kernel", elf]
    )  # fmt: skip

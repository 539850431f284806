// Console and exit by {{ "Arm semihosting" if compiler.toolchain == "arm-none-eabi" else "semihosting" }}: an emulator or a debug probe listens.
// See https://github.com/ARM-software/abi-aa/blob/main/semihosting
{% if compiler.toolchain != "arm-none-eabi" %}
// and https://github.com/riscv-non-isa/riscv-semihosting
{% endif %}
//
// Without a listener the call would stop the core, so it is compiled in only
// with EDGECOMPRESS_SEMIHOSTING. For a board on its own, print to its UART.

#include "console.h"

#include <stdint.h>

#include "startup.h"

#ifdef EDGECOMPRESS_SEMIHOSTING
enum { kSysWrite0 = 0x04, kSysExit = 0x18 };
enum { kStoppedRunTimeError = 0x20023, kStoppedApplicationExit = 0x20026 };

static void Semihost(uint32_t operation, uintptr_t argument) {
{% if compiler.toolchain == "arm-none-eabi" %}
  register uint32_t r0 __asm__("r0") = operation;
  register uintptr_t r1 __asm__("r1") = argument;
  __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
{% else %}
  register uint32_t a0 __asm__("a0") = operation;
  register uintptr_t a1 __asm__("a1") = argument;
  // These three, uncompressed and in one page, are the call.
  __asm__ volatile(
      ".option push\n\t"
      ".option norvc\n\t"
      ".balign 16\n\t"
      "slli x0, x0, 0x1f\n\t"
      "ebreak\n\t"
      "srai x0, x0, 7\n\t"
      ".option pop"
      : "+r"(a0)
      : "r"(a1)
      : "memory");
{% endif %}
}

void ConsolePrint(const char* text) { Semihost(kSysWrite0, (uintptr_t)text); }

void Exit(int code) {
  Semihost(kSysExit,
           code == 0 ? kStoppedApplicationExit : kStoppedRunTimeError);
  for (;;) {
  }
}
#else
void ConsolePrint(const char* text) { (void)text; }

void Exit(int code) {
  (void)code;
  for (;;) {
  }
}
#endif

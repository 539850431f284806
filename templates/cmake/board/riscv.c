{% if compiler.toolchain != "arm-none-eabi" %}
// Reset, traps and the cycle counter of a 32-bit RISC-V core in machine mode.
//
// The assembler wants to be told of the registers of Zicsr, which all cores
// with machine mode have: compilers differ in whether -march must name it.

#include <stdint.h>

#include "console.h"
#include "startup.h"

#define WITH_ZICSR(code) \
  ".option push\n\t"     \
  ".option arch, +zicsr\n\t" code "\n\t.option pop"

void Reset_Handler(void);
void StartCore(void) __attribute__((noreturn));

// Nothing is expected to trap here: no interrupt is enabled.
static void HandleTrap(void) __attribute__((aligned(4)));
static void HandleTrap(void) { FaultHandler(); }

// Without a stack yet, in assembler.
__attribute__((naked, section(".vectors"), used)) void Reset_Handler(void) {
  __asm__ volatile("la sp, g_stack_top\n\tj StartCore");
}

__attribute__((used)) void StartCore(void) {
  __asm__ volatile(WITH_ZICSR("csrw mtvec, %0")
                   :
                   : "r"((uintptr_t)HandleTrap)
                   : "memory");
#ifdef __riscv_flen
  const uint32_t fs_initial = 1u << 13;
  __asm__ volatile(WITH_ZICSR("csrs mstatus, %0")
                   :
                   : "r"(fs_initial)
                   : "memory");
#endif
  RunProgram();
}

// It counts from reset on.
void StartCycleCounter(void) {}

uint32_t CycleCount(void) {
  uint32_t cycles;
  __asm__ volatile(WITH_ZICSR("csrr %0, mcycle") : "=r"(cycles)::"memory");
  return cycles;
}
{% endif %}

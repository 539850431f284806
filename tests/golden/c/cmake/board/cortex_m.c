// Reset, exceptions and the cycle counter of a Cortex-M.

#include <stdint.h>

#include "console.h"
#include "startup.h"

typedef void (*Handler)(void);

extern uint32_t g_stack_top[];  // sections.ld defines it

void Reset_Handler(void) __attribute__((noreturn));

// Registers of the Armv6-M, Armv7-M and Armv8-M system control block.
static volatile uint32_t* const kConfigurationControl =
    (volatile uint32_t*)0xE000ED14u;
static volatile uint32_t* const kCoprocessorAccess =
    (volatile uint32_t*)0xE000ED88u;

static void ConfigureCore(void) {
#if __ARM_ARCH == 6
  // A Cortex-M0 or M0+ always faults on unaligned access. Make a larger core
  // that stands in for it do the same.
  const uint32_t unaligned_trap = 1u << 3;
  *kConfigurationControl |= unaligned_trap;
#else
  (void)kConfigurationControl;
#endif
#if defined(__ARM_FP) || defined(__ARM_FEATURE_MVE)
  const uint32_t full_access_cp10_cp11 = 0xFu << 20;
  *kCoprocessorAccess |= full_access_cp10_cp11;
  __asm__ volatile("dsb\n\tisb" ::: "memory");
#else
  (void)kCoprocessorAccess;
#endif
}

void Reset_Handler(void) {
  ConfigureCore();
  RunProgram();
}

static volatile uint32_t* const kSysTickControl =
    (volatile uint32_t*)0xE000E010u;
static volatile uint32_t* const kSysTickReload =
    (volatile uint32_t*)0xE000E014u;
static volatile uint32_t* const kSysTickValue = (volatile uint32_t*)0xE000E018u;
static const uint32_t kSysTickMax = 0xFFFFFFu;

static volatile uint32_t g_sys_tick_wraps;

void StartCycleCounter(void) {
  const uint32_t enable_with_interrupt_at_core_clock = 7u;
  *kSysTickReload = kSysTickMax;
  *kSysTickValue = 0;
  *kSysTickControl = enable_with_interrupt_at_core_clock;
}

static void SysTickHandler(void) { g_sys_tick_wraps = g_sys_tick_wraps + 1; }

uint32_t CycleCount(void) {
  uint32_t wraps;
  uint32_t left;
  do {
    wraps = g_sys_tick_wraps;
    left = *kSysTickValue;
  } while (wraps != g_sys_tick_wraps);
  return wraps * (kSysTickMax + 1) + (kSysTickMax - left);
}

// The stack pointer, then the handlers of exceptions 1 to 15. No interrupt is
// enabled here: add the device's handlers after these.
__attribute__((section(".vectors"), used)) static const Handler kVectors[] = {
    (Handler)(uintptr_t)g_stack_top,
    Reset_Handler,
    FaultHandler,
    FaultHandler,
    FaultHandler,
    FaultHandler,
    FaultHandler,
    FaultHandler,
    FaultHandler,
    FaultHandler,
    FaultHandler,
    FaultHandler,
    FaultHandler,
    FaultHandler,
    FaultHandler,
    SysTickHandler,
};

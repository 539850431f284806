// Reset and faults of a Cortex-M without an operating system or vendor code.

#include "startup.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "console.h"

typedef void (*Handler)(void);

// Defined by sections.ld.
extern const uint8_t g_data_load[];
extern uint8_t g_data_start[];
extern const uint8_t g_data_bytes[];  // its address is the number
extern uint8_t g_bss_start[];
extern const uint8_t g_bss_bytes[];
extern uint32_t g_stack_limit[];
extern const uint8_t g_stack_bytes[];
extern uint32_t g_stack_top[];
extern const Handler g_init_array[];
extern const uint8_t g_init_array_bytes[];

int main(void);
void Reset_Handler(void) __attribute__((noreturn));

static const uint32_t kStackPaint = 0xA5A5A5A5u;

// Registers of the Armv6-M, Armv7-M and Armv8-M system control block.
static volatile uint32_t* const kConfigurationControl =
    (volatile uint32_t*)0xE000ED14u;
static volatile uint32_t* const kCoprocessorAccess =
    (volatile uint32_t*)0xE000ED88u;

static volatile uint32_t* const kSysTickControl =
    (volatile uint32_t*)0xE000E010u;
static volatile uint32_t* const kSysTickReload =
    (volatile uint32_t*)0xE000E014u;
static volatile uint32_t* const kSysTickValue = (volatile uint32_t*)0xE000E018u;
static const uint32_t kSysTickMax = 0xFFFFFFu;

static volatile uint32_t g_sys_tick_wraps;

static void ConfigureCore(void) {
#if __ARM_ARCH == 6
  // A Cortex-M0+ always faults on unaligned access. Make a larger core that
  // stands in for it do the same.
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

static void PaintStack(void) {
  const uintptr_t here = (uintptr_t)__builtin_frame_address(0);
  const uintptr_t own_frame = 64;
  const uintptr_t limit = (uintptr_t)g_stack_limit;
  const size_t words = (here - own_frame - limit) / sizeof(uint32_t);
  volatile uint32_t* stack = g_stack_limit;
  for (size_t i = 0; i < words; ++i) {
    stack[i] = kStackPaint;
  }
}

size_t StackUsedBytes(void) {
  const size_t words = (uintptr_t)g_stack_bytes / sizeof(uint32_t);
  const volatile uint32_t* stack = g_stack_limit;
  size_t untouched = 0;
  while (untouched < words && stack[untouched] == kStackPaint) {
    ++untouched;
  }
  return (words - untouched) * sizeof(uint32_t);
}

static void StartCycleCounter(void) {
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

void Reset_Handler(void) {
  ConfigureCore();
  memcpy(g_data_start, g_data_load, (uintptr_t)g_data_bytes);
  memset(g_bss_start, 0, (uintptr_t)g_bss_bytes);
  PaintStack();
  StartCycleCounter();
  const size_t constructors = (uintptr_t)g_init_array_bytes / sizeof(Handler);
  for (size_t i = 0; i < constructors; ++i) {
    g_init_array[i]();
  }
  Exit(main());
}

static void FaultHandler(void) {
  ConsolePrint("\nedgecompress: result=FAULT\n");
  Exit(1);
}

// libc's abort() would bring in signals and the heap.
void abort(void) {
  ConsolePrint("\nedgecompress: result=ABORT\n");
  Exit(1);
}

// A failed assertion, of a build of TFLM with assertions; libc's would bring in
// files and the heap.
void __assert_func(const char* file, int line, const char* function,
                   const char* expression) __attribute__((noreturn));
void __assert_func(const char* file, int line, const char* function,
                   const char* expression) {
  (void)line;  // the expression says as much
  ConsolePrint("\nassertion failed in ");
  ConsolePrint(file);
  ConsolePrint(", ");
  ConsolePrint(function);
  ConsolePrint(": ");
  ConsolePrint(expression);
  abort();
}

// There is no heap. libc asks for one to format text, and does without.
void* _sbrk(ptrdiff_t bytes);
void* _sbrk(ptrdiff_t bytes) {
  (void)bytes;
  return (void*)-1;
}

// A pure virtual function was called; libstdc++'s would bring in unwinding.
void __cxa_pure_virtual(void) __attribute__((noreturn));
void __cxa_pure_virtual(void) { abort(); }

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

// From reset to main, and what libraries want, without an operating system or
// vendor code. {{ core_source }} has what is the core's own.

#include "startup.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "console.h"

typedef void (*Constructor)(void);

// Defined by sections.ld.
extern const uint8_t g_data_load[];
extern uint8_t g_data_start[];
extern const uint8_t g_data_bytes[];  // its address is the number
extern uint8_t g_bss_start[];
extern const uint8_t g_bss_bytes[];
extern uint32_t g_stack_limit[];
extern const uint8_t g_stack_bytes[];
extern const Constructor g_init_array[];
extern const uint8_t g_init_array_bytes[];

int main(void);

static const uint32_t kStackPaint = 0xA5A5A5A5u;

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

void RunProgram(void) {
  memcpy(g_data_start, g_data_load, (uintptr_t)g_data_bytes);
  memset(g_bss_start, 0, (uintptr_t)g_bss_bytes);
  PaintStack();
  StartCycleCounter();
  const size_t constructors =
      (uintptr_t)g_init_array_bytes / sizeof(Constructor);
  for (size_t i = 0; i < constructors; ++i) {
    g_init_array[i]();
  }
  Exit(main());
}

void FaultHandler(void) {
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

// What the self-test needs of the machine it runs on.

#ifndef EDGECOMPRESS_CONSOLE_H_
#define EDGECOMPRESS_CONSOLE_H_

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

void ConsolePrint(const char* text);

// The deepest the stack has been since reset.
size_t StackUsedBytes(void);

// Clock cycles of the core since reset, modulo 2^32.
uint32_t CycleCount(void);

#ifdef __cplusplus
}  // extern "C"
#endif

#endif  // EDGECOMPRESS_CONSOLE_H_

#include "console.h"

#include <stdio.h>
#include <time.h>

void ConsolePrint(const char* text) { fputs(text, stdout); }

size_t StackUsedBytes(void) { return 0; }

uint32_t CycleCount(void) { return (uint32_t)clock(); }

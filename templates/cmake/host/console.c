#include "console.h"

#include <stdio.h>

void ConsolePrint(const char* text) { fputs(text, stdout); }

size_t StackUsedBytes(void) { return 0; }

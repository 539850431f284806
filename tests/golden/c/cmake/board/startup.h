#ifndef EDGECOMPRESS_STARTUP_H_
#define EDGECOMPRESS_STARTUP_H_

#ifdef __cplusplus
extern "C" {
#endif

// Prepares memory, and runs main to its end; the stack must be there.
void RunProgram(void) __attribute__((noreturn));

// Reports a fault of the processor, and ends.
void FaultHandler(void);

// Starts what CycleCount reads.
void StartCycleCounter(void);

// Leaves the program; does not return.
void Exit(int code) __attribute__((noreturn));

#ifdef __cplusplus
}  // extern "C"
#endif

#endif  // EDGECOMPRESS_STARTUP_H_

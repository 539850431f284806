#ifndef EDGECOMPRESS_STARTUP_H_
#define EDGECOMPRESS_STARTUP_H_

#ifdef __cplusplus
extern "C" {
#endif

// Leaves the program; does not return.
void Exit(int code) __attribute__((noreturn));

#ifdef __cplusplus
}  // extern "C"
#endif

#endif  // EDGECOMPRESS_STARTUP_H_

#if defined(__aarch64__)
#include "CKernels.h"
#define ISA neon
#define LANES 4
#define TILE 8
#define DW 5
#define HALVES 0
#define FMA(a, b, c) __builtin_elementwise_fma(a, b, c)
#include "kernels.inc"
#endif

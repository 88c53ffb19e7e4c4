#if defined(__x86_64__)
#include "CKernels.h"
#define ISA avx2
#define LANES 8
#define TILE 6
#define DW 5
#define HALVES 0
#define FMA(a, b, c) __builtin_elementwise_fma(a, b, c)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#include "kernels.inc"
#pragma clang attribute pop
#endif

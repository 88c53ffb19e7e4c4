#if defined(__x86_64__)
#include "CKernels.h"
#define ISA avx512
#define LANES 16
#define TILE 14
#define DW 7
#define HALVES 1
#define FMA(a, b, c) __builtin_elementwise_fma(a, b, c)
#pragma clang attribute push(__attribute__((target("avx512f,avx512vl,avx512bw,avx512dq,avx2,fma"), min_vector_width(512))), apply_to = function)
#include "kernels.inc"
#pragma clang attribute pop
#endif

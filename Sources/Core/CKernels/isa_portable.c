#include "CKernels.h"
// The instruction set of the compiler's baseline. A fused multiply-add would be a library call there, so it is not
// enabled.
#define ISA portable
#define LANES 4
#define TILE 4
#define DW 4
#define HALVES 0
#define FMA(a, b, c) ((a) * (b) + (c))
#include "kernels.inc"

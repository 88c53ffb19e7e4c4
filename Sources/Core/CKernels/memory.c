#if defined(__linux__)
#define _GNU_SOURCE
#endif
#include <stdint.h>
#include <sys/mman.h>
#include "CKernels.h"

void ck_prepare_pages(void *memory, size_t bytes) {
#if defined(MADV_POPULATE_WRITE)
  const uintptr_t page = 4096, begin = ((uintptr_t)memory + page - 1) / page * page;
  const uintptr_t end = ((uintptr_t)memory + bytes) / page * page;
  // Kernels before 5.14 refuse, as do those with larger pages; the faults then come one by one.
  if (end > begin) madvise((void *)begin, end - begin, MADV_POPULATE_WRITE);
#else
  (void)memory;
  (void)bytes;
#endif
}

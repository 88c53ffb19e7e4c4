// Whole pages from the system, large ones where it has them: clearing and mapping a network's weights in 4 KB pages takes
// longer than copying them.
#if defined(__linux__)
#define _GNU_SOURCE
#endif
#include <stdint.h>
#include <sys/mman.h>
#include "CKernels.h"

enum { LARGE_PAGE = 2 << 20 };

void *ck_map_pages(size_t bytes) {
  // A large page needs an aligned place, which a longer mapping contains.
  const size_t slack = bytes >= LARGE_PAGE ? LARGE_PAGE : 0;
  if (bytes == 0 || bytes > SIZE_MAX - slack) return NULL;
  char *all = mmap(NULL, bytes + slack, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (all == MAP_FAILED) return NULL;
  if (!slack) return all;
  const size_t before = (LARGE_PAGE - (uintptr_t)all % LARGE_PAGE) % LARGE_PAGE;
  const size_t page = 4096, end = (before + bytes + page - 1) / page * page;
  if (before) munmap(all, before);
  if (bytes + slack > end) munmap(all + end, bytes + slack - end);
#if defined(MADV_HUGEPAGE)
  madvise(all + before, bytes, MADV_HUGEPAGE);
#endif
  return all + before;
}

void ck_unmap_pages(void *pages, size_t bytes) {
  if (pages) munmap(pages, bytes);
}

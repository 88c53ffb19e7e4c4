#include "CKernels.h"

// A range is one word, [begin:32][end:32]: its owner takes from the front, others from the back. Numbers that were
// taken never come back, so a compare-and-swap can't mistake a new range for an old one.
static uint64_t pack(uint32_t begin, uint32_t end) { return (uint64_t)begin << 32 | end; }

void ck_ranges_set(ck_range *r, int workers, int first, int step, size_t count) {
  const size_t shares = (size_t)((workers - first + step - 1) / step);
  for (int i = 0; i < workers; i++) {
    const size_t share = (size_t)((i - first) / step);
    const int takes_part = i >= first && (i - first) % step == 0;
    const size_t begin = takes_part ? count * share / shares : 0, end = takes_part ? count * (share + 1) / shares : 0;
    __atomic_store_n(&r[i].span, pack((uint32_t)begin, (uint32_t)end), __ATOMIC_RELAXED);
  }
}

static int take_front(ck_range *r, uint32_t most, size_t *begin, size_t *end) {
  uint64_t span = __atomic_load_n(&r->span, __ATOMIC_RELAXED);
  for (;;) {
    const uint32_t first = (uint32_t)(span >> 32), last = (uint32_t)span;
    if (first >= last) return 0;
    const uint32_t count = last - first < most ? last - first : most;
    if (__atomic_compare_exchange_n(&r->span, &span, pack(first + count, last), 1, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
      *begin = first;
      *end = first + count;
      return 1;
    }
  }
}

int ck_ranges_take(ck_range *r, int workers, int worker, size_t most, size_t *begin, size_t *end) {
  for (;;) {
    if (take_front(&r[worker], (uint32_t)most, begin, end)) return 1;
    // The worker's own range is empty: take the back half of the longest one.
    int victim = -1;
    uint64_t span = 0;
    uint32_t longest = 0;
    for (int i = 0; i < workers; i++) {
      const uint64_t other = __atomic_load_n(&r[i].span, __ATOMIC_RELAXED);
      const uint32_t first = (uint32_t)(other >> 32), last = (uint32_t)other;
      if (first < last && last - first > longest) {
        longest = last - first;
        victim = i;
        span = other;
      }
    }
    if (victim < 0) return 0;
    const uint32_t first = (uint32_t)(span >> 32), last = (uint32_t)span;
    const uint32_t middle = first + longest / 2;
    if (__atomic_compare_exchange_n(&r[victim].span, &span, pack(first, middle), 0, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
      __atomic_store_n(&r[worker].span, pack(middle, last), __ATOMIC_RELAXED);
  }
}

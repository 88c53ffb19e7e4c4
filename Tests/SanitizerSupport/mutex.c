// Makes Swift's Mutex visible to the thread sanitizer on Linux.
//
// Its fast path is compiled into this package and instrumented. A contended lock calls into the standard library, which
// is not instrumented, so that the protected data seem to have a race. These two functions replace the library's and
// report the hand-over.
#if defined(__linux__) && defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>
#include "SanitizerSupport.h"

#define LOCK "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define UNLOCK "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"
#define SWIFT __attribute__((swiftcall))
#define SELF __attribute__((swift_context)) void *self

void __tsan_acquire(void *address);
void __tsan_release(void *address);

SWIFT void ck_lock_slow(uint32_t state, SELF) __asm__(LOCK);
SWIFT void ck_unlock_slow(SELF) __asm__(UNLOCK);

SWIFT void ck_lock_slow(uint32_t state, SELF) {
  SWIFT void (*next)(uint32_t, SELF) = (SWIFT void (*)(uint32_t, SELF))dlsym(RTLD_NEXT, LOCK);
  next(state, self);
  __tsan_acquire(self);
}

SWIFT void ck_unlock_slow(SELF) {
  SWIFT void (*next)(SELF) = (SWIFT void (*)(SELF))dlsym(RTLD_NEXT, UNLOCK);
  __tsan_release(self);
  next(self);
}
#endif
#endif

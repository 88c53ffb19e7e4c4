#if defined(__linux__)
#define _GNU_SOURCE
#include <sched.h>
#endif
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "CKernels.h"

#if defined(__linux__)
// The quota of a cgroup in processors, rounded up, from cpu.max (version 2) or the cfs quota (version 1); 0 where
// unlimited.
static int quota_of(const char *folder) {
  char path[4352];
  long long quota = 0, period = 0;
  int found = 0;
  snprintf(path, sizeof path, "%s/cpu.max", folder);
  FILE *f = fopen(path, "re");
  if (f) {
    found = fscanf(f, "%lld %lld", &quota, &period) == 2;
    fclose(f);
  } else {
    snprintf(path, sizeof path, "%s/cpu.cfs_quota_us", folder);
    if ((f = fopen(path, "re"))) {
      found = fscanf(f, "%lld", &quota) == 1 && quota > 0;
      fclose(f);
      snprintf(path, sizeof path, "%s/cpu.cfs_period_us", folder);
      if (found && (f = fopen(path, "re"))) {
        found = fscanf(f, "%lld", &period) == 1;
        fclose(f);
      }
    }
  }
  if (!found || quota <= 0 || period <= 0) return 0;
  return (int)((quota + period - 1) / period);
}

// The tightest quota among this process's cgroup and its ancestors; 0 where there is none.
static int cgroup_quota(void) {
  int tightest = 0;
  FILE *f = fopen("/proc/self/cgroup", "re");
  if (!f) return 0;
  char line[4096];
  while (fgets(line, sizeof line, f)) {
    char *controllers = strchr(line, ':');
    char *group = controllers ? strchr(controllers + 1, ':') : NULL;
    if (!group) continue;
    *group++ = 0;
    group[strcspn(group, "\n")] = 0;
    const int unified = controllers[1] == 0;
    if (!unified && !strstr(controllers, "cpu")) continue;
    for (;;) {
      char folder[4224];
      snprintf(folder, sizeof folder, "/sys/fs/cgroup%s%s", unified ? "" : "/cpu", group);
      const int quota = quota_of(folder);
      if (quota > 0 && (tightest == 0 || quota < tightest)) tightest = quota;
      char *slash = strrchr(group, '/');
      if (!slash || (slash == group && group[1] == 0)) break;
      slash[slash == group] = 0;
    }
  }
  fclose(f);
  return tightest;
}
#endif

int ck_usable_processors(void) {
  long count = sysconf(_SC_NPROCESSORS_ONLN);
#if defined(__linux__)
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) count = CPU_COUNT(&set);
  const int quota = cgroup_quota();
  if (quota > 0 && quota < count) count = quota;
#endif
  return count > 0 ? (int)count : 1;
}

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The limits of this process.
enum Confinement {
  /// Limits the address space to an amount above the present one.
  static func limitMemory(to mebibytes: Int) {
    #if os(Linux)
      guard let file = unsafe fopen("/proc/self/statm", "r") else { return }
      var pages = 0
      let found = unsafe withUnsafeMutablePointer(to: &pages) { pages in
        unsafe withVaList([pages]) { unsafe vfscanf(file, "%ld", $0) }
      }
      unsafe fclose(file)
      guard found == 1 else { return }
      let limit = rlim_t(pages * Int(sysconf(Int32(_SC_PAGESIZE))) + mebibytes << 20)
      var limits = rlimit(rlim_cur: limit, rlim_max: limit)
      unsafe setrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limits)
    #endif
  }

  /// Limits the time from now on: SIGPROF ends a busy process, and SIGALRM a sleeping one.
  static func limitTime(to seconds: Int) {
    var timer = itimerval()
    timer.it_value.tv_sec = seconds
    #if canImport(Glibc)
      unsafe setitimer(__itimer_which_t(ITIMER_PROF.rawValue), &timer, nil)
    #else
      unsafe setitimer(Int32(ITIMER_PROF), &timer, nil)
    #endif
    alarm(120)
  }

  /// The peak of the process's memory in KiB.
  static var peak: Int {
    var usage = rusage()
    #if canImport(Glibc)
      unsafe getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    #else
      unsafe getrusage(Int32(RUSAGE_SELF), &usage)
    #endif
    return Int(usage.ru_maxrss)
  }
}

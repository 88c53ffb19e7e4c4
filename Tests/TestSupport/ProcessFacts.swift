#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The system's information on this process.
public enum ProcessFacts {
  /// The processor time of all threads in seconds.
  public static var processorSeconds: Double { seconds(clock: CLOCK_PROCESS_CPUTIME_ID) }

  /// The processor time of the calling thread in seconds.
  public static var threadSeconds: Double { seconds(clock: CLOCK_THREAD_CPUTIME_ID) }

  /// A monotonic clock in seconds.
  public static var now: Double { seconds(clock: CLOCK_MONOTONIC) }

  private static func seconds(clock: clockid_t) -> Double {
    var time = timespec()
    unsafe clock_gettime(clock, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }

  /// Suspends the calling thread.
  public static func sleep(seconds: Double) { usleep(UInt32(seconds * 1e6)) }

  /// Whether this is a build with a sanitizer, whose own memory and time are counted too.
  public static var isSanitized: Bool {
    unsafe dlsym(nil, "__asan_init") != nil || dlsym(nil, "__tsan_init") != nil
  }

  #if os(Linux)
    /// The resident memory in bytes.
    public static var residentBytes: Int {
      // statm: size, resident, ..., in pages.
      let fields = text("/proc/self/statm").split(separator: " ")
      return Int(fields[1])! * Int(sysconf(Int32(_SC_PAGESIZE)))
    }

    /// The ids of the threads.
    public static var threads: [Int32] {
      let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/task")) ?? []
      return names.compactMap { Int32($0) }.sorted()
    }

    /// The processors of a thread's affinity mask, such as `"0-3"`; `nil` if the thread has ended.
    public static func allowedProcessors(thread: Int32) -> String? {
      text("/proc/self/task/\(thread)/status").split(separator: "\n").first { $0.hasPrefix("Cpus_allowed_list:") }
        .map { $0.split(whereSeparator: \.isWhitespace)[1] }.map { String($0) }
    }

    /// The calling thread's id.
    public static var currentThread: Int32 {
      Int32(text("/proc/thread-self/stat").prefix { $0 != " " })!
    }

    /// The id of the process's first thread, which equals the process's id.
    public static var processThread: Int32 { getpid() }

    /// The processor of the calling thread.
    public static var currentProcessor: Int {
      // Field 39; the second field is the thread's name in parentheses and may contain spaces.
      let line = text("/proc/thread-self/stat")
      let third = line.index(line.lastIndex(of: ")")!, offsetBy: 2)
      return Int(line[third...].split(separator: " ")[36])!
    }

    private static func text(_ path: String) -> String {
      String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
    }
  #endif
}

#if os(Linux)
  #if canImport(Glibc)
    import Glibc
  #elseif canImport(Musl)
    import Musl
  #endif

  /// A pipe that a second thread fills while the test reads.
  enum Pipe {
    /// The input of the writing thread.
    private final class Source: Sendable {
      let descriptor: Int32
      let bytes: [UInt8]
      init(_ descriptor: Int32, _ bytes: [UInt8]) {
        self.descriptor = descriptor
        self.bytes = bytes
      }
    }

    /// Calls `body` with a path whose bytes can be read once.
    static func reading<R>(_ bytes: [UInt8], _ body: (String) throws -> R) throws -> R {
      var ends: [Int32] = [0, 0]
      guard unsafe pipe(&ends) == 0 else { preconditionFailure("no pipe: \(errno)") }
      let source = unsafe Unmanaged.passRetained(Source(ends[1], bytes)).toOpaque()
      var thread = pthread_t()
      let failed = unsafe pthread_create(
        &thread, nil,
        { argument in
          let source = unsafe Unmanaged<Source>.fromOpaque(argument!).takeRetainedValue()
          var written = 0
          while written < source.bytes.count {
            let rest = source.bytes[written...]
            let count = unsafe rest.withUnsafeBytes { unsafe write(source.descriptor, $0.baseAddress, $0.count) }
            if count <= 0 { break }
            written += count
          }
          close(source.descriptor)
          return nil
        }, source)
      precondition(failed == 0, "no thread: \(failed)")
      defer {
        close(ends[0])
        pthread_join(thread, nil)
      }
      return try body("/dev/fd/\(ends[0])")
    }
  }
#endif

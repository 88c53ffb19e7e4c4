import HostileFiles

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The format under test, named by the environment.
private let format: HostileFormat = {
  guard let name = unsafe getenv("FUZZ_FORMAT"), let format = unsafe HostileFormat(rawValue: String(cString: name))
  else {
    fatalError("FUZZ_FORMAT: expected one of \(HostileFormat.allCases.map(\.rawValue))")
  }
  return format
}()

/// libFuzzer's entry point, called with one file after another.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  var bytes = unsafe Array(UnsafeBufferPointer(start: start, count: count))
  if format == .png { PNGWounds.repairChecksums(&bytes) }
  if case .wrong(let words) = format.read(bytes) { fatalError(words) }
  return 0
}

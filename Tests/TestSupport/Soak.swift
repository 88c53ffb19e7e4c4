#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The length of tests that find more the longer they run: short by default, long in `make soak`.
public enum Soak {
  /// The number of repetitions or seconds of a test.
  ///
  /// - Parameters:
  ///   - name: `BACKBONE_SOAK_<name>` sets the number.
  ///   - short: the number without a variable.
  ///   - full: the number if `BACKBONE_SOAK` is not empty.
  public static func count(_ name: String, short: Int, full: Int) -> Int {
    let environment = ProcessInfo.processInfo.environment
    if let own = environment["BACKBONE_SOAK_\(name)"].flatMap({ Int($0) }), own > 0 { return own }
    return environment["BACKBONE_SOAK"].map { !$0.isEmpty } ?? false ? full : short
  }
}

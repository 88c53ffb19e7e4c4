#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// How long the tests take that are the better the longer they run: short by default, long in `make soak`.
public enum Soak {
  /// How often, or for how many seconds, a test does what it does.
  ///
  /// - Parameters:
  ///   - name: `BACKBONE_SOAK_<name>` sets the number.
  ///   - short: without a variable.
  ///   - full: where `BACKBONE_SOAK` is set to anything but nothing.
  public static func count(_ name: String, short: Int, full: Int) -> Int {
    let environment = ProcessInfo.processInfo.environment
    if let own = environment["BACKBONE_SOAK_\(name)"].flatMap({ Int($0) }), own > 0 { return own }
    return environment["BACKBONE_SOAK"].map { !$0.isEmpty } ?? false ? full : short
  }
}

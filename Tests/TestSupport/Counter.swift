import Synchronization

/// A counter shared by several threads.
public final class Counter: Sendable {
  private let count = Atomic<Int>(0)

  public init() {}

  public var value: Int { count.load(ordering: .relaxed) }

  /// Adds a number.
  ///
  /// - Returns: the sum.
  @discardableResult public func add(_ n: Int = 1) -> Int { count.add(n, ordering: .relaxed).newValue }
}

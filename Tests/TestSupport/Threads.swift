import Dispatch

/// Runs `body(0) ... body(count - 1)` at the same time, each on its own thread, and returns when all have ended.
public func onThreads(_ count: Int, _ body: @escaping @Sendable (_ index: Int) -> Void) {
  let group = DispatchGroup()
  for index in 0..<count {
    DispatchQueue(label: "caller \(index)").async(group: group) { body(index) }
  }
  group.wait()
}

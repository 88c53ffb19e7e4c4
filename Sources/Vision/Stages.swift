/// The parts of one answer, in their order.
package enum Stage: String, CaseIterable, Sendable {
  case preprocess, backbone, head, postprocess
}

/// Someone who is told when a part of an answer ends.
package protocol StageObserver {
  func ended(_ stage: Stage)
}

/// Nobody listens.
struct NoClock: StageObserver {
  func ended(_ stage: Stage) {}
}

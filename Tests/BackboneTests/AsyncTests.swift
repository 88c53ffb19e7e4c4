import Backbone
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(10))) struct AsyncTests {
  private static let layout = NetworkLayout.mobileNetV2(width: 0.35)

  private static func network(threads: Int) throws -> Network {
    try Network(layout.graph, weights: .random(layout.graph.parameters), session: Session(threads: threads))
  }

  /// Calls the synchronous form, which an asynchronous function would not choose.
  private static func values(_ network: Network, _ input: borrowing Tensor) throws -> [Float] {
    try network.features(of: input, taps: [.last])[.last].tensor.values()
  }

  @Test func bothFormsGiveTheSameBits() async throws {
    let network = try Self.network(threads: 2)
    let expected = try Self.values(network, Synthetic.input(width: 65, height: 49))
    try await withThrowingTaskGroup(of: [Float].self) { group in
      for _ in 0..<32 {
        group.addTask {
          try await network.features(of: Synthetic.input(width: 65, height: 49), taps: [.last])[.last].tensor.values()
        }
      }
      for try await found in group { #expect(found == expected) }
    }
  }

  @Test func errorsComeThroughUnchanged() async throws {
    let network = try Self.network(threads: 1)
    await #expect(throws: BackboneError.inputChannels(expected: 3, found: 4)) {
      try await network.features(of: Tensor(zeros: Shape(height: 64, width: 64, channels: 4)), taps: [.last])
    }
    await #expect(throws: CancellationError.self) {
      try await Task {
        unsafe withUnsafeCurrentTask { unsafe $0?.cancel() }
        return try await network.features(of: Synthetic.input(width: 64, height: 64), taps: [.last])
      }.value
    }
  }

  /// A task that starts after 64 calls runs before these have ended.
  ///
  /// The calls hold none of the cooperative pool's threads, of which there are as many as processors. The test has its
  /// own process, in which no other test holds them.
  @Test func sixtyFourCallsLeaveTheCooperativePoolToOthers() async {
    await #expect(processExitsWith: .success) {
      let network = try AsyncTests.network(threads: 2)
      let answered = Counter()
      let answeredBefore = try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<64 {
          group.addTask {
            _ = try await network.features(of: Synthetic.input(width: 224, height: 224), taps: [.last])
            answered.add()
          }
        }
        let other = Task { answered.value }
        let answeredBefore = await other.value
        try await group.waitForAll()
        return answeredBefore
      }
      #expect(answered.value == 64)
      #expect(answeredBefore < 32, "another task ran only after \(answeredBefore) of 64 calls")
    }
  }
}

#if os(Linux)
  import Backbone
  import TestSupport
  import Testing

  /// The memory and processor time of a process with a loaded network, running and idle.
  ///
  /// Each test has its own process, so that no other test's memory or processor time is counted.
  @Suite(.timeLimit(.minutes(5))) struct ResidenceTests {
    private static func network(threads: Int) throws -> Network {
      let layout = NetworkLayout.mobileNetV2(width: 0.35)
      return try Network(layout.graph, weights: .random(layout.graph.parameters), session: Session(threads: threads))
    }

    /// More input sizes than the network keeps plans for, in random order.
    private static func run(_ network: Network, times: Int, _ random: inout SplitMix64) throws {
      let taps: [[Tap]] = [[.last], [.block(3), .expansion(13), .last], [.stem, .block(16)]]
      for _ in 0..<times {
        let shape = Shape(
          batch: random.integer(in: 1...2), height: random.integer(in: 33...72), width: random.integer(in: 33...72),
          channels: 3)
        let input = Tensor(zeros: shape)
        _ = try network.features(of: input, taps: taps[random.integer(in: 0...2)])
      }
    }

    private static let isMeasurable = !ProcessFacts.isSanitized

    @Test(.enabled(if: isMeasurable, "a sanitizer keeps memory"))
    func tenThousandInferencesOfMixedSizesGrowNothing() async {
      let child = await #expect(processExitsWith: .success, observing: [\.standardOutputContent]) {
        let network = try ResidenceTests.network(threads: 2)
        var random = SplitMix64(seed: 41)
        // Until every size of block has been allocated.
        try ResidenceTests.run(network, times: 1000, &random)
        let before = ProcessFacts.residentBytes
        try ResidenceTests.run(network, times: 10_000, &random)
        let growth = ProcessFacts.residentBytes - before
        print("10,000 inferences of mixed sizes: \(growth) bytes more of \(before)")
        #expect(growth <= 1 << 20)
      }
      print(String(decoding: child?.standardOutputContent ?? [], as: UTF8.self), terminator: "")
    }

    /// Every round has new threads, for which the C library allocates new arenas: their number settles slowly.
    @Test(.enabled(if: isMeasurable, "a sanitizer keeps memory"))
    func manyCallersOfMixedSizesGrowNothing() async {
      let child = await #expect(processExitsWith: .success, observing: [\.standardOutputContent]) {
        let network = try ResidenceTests.network(threads: 2)
        let failures = Counter()
        let work = { @Sendable (times: Int) in
          onThreads(32) { caller in
            var random = SplitMix64(seed: UInt64(caller))
            do { try ResidenceTests.run(network, times: times, &random) } catch { failures.add() }
          }
        }
        for _ in 0..<4 { work(50) }
        let before = ProcessFacts.residentBytes
        for _ in 0..<4 { work(50) }
        let growth = ProcessFacts.residentBytes - before
        print("6400 inferences of 32 callers: \(growth) bytes more of \(before)")
        #expect(failures.value == 0)
        #expect(growth <= 4 << 20)
      }
      print(String(decoding: child?.standardOutputContent ?? [], as: UTF8.self), terminator: "")
    }

    @Test func aLoadedNetworkThatRestsTakesNoProcessorTime() async {
      await #expect(processExitsWith: .success) {
        let network = try ResidenceTests.network(threads: 2)
        var random = SplitMix64(seed: 42)
        try ResidenceTests.run(network, times: 20, &random)
        ProcessFacts.sleep(seconds: 0.05)
        let before = ProcessFacts.processorSeconds
        ProcessFacts.sleep(seconds: 0.5)
        let idle = ProcessFacts.processorSeconds - before
        #expect(idle < 0.002, "\(idle) s of processor time in half a second")
      }
    }
  }
#endif

import Kernels
import ModelFiles
import TestSupport
import Testing
import Training

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Whole runs: as in PyTorch, and bitwise equal however often they are stopped.
@Suite struct LossCurveTests {
  private static let curves: CurveRun.Curves = try! Golden.load("training_curves.json")

  @Test(arguments: curves.runs) func everyStepsLossIsPyTorchs(_ recorded: CurveRun.Recorded) throws {
    let run = try CurveRun(recorded, of: Self.curves)
    for isa in KernelSet.available.map(\.isa) {
      let trainer = try run.trainer(session: Session(threads: 2, kernels: KernelSet(isa)!))
      #expect(trainer.totalSteps == recorded.losses.count)
      var losses: [Float] = []
      while trainer.step < trainer.totalSteps { losses.append(Float(try trainer.advance())) }
      let comparison = Comparison(
        "\(isa) \(recorded.testDescription)", found: losses, expected: recorded.losses.map { Float($0) }, floor: 0.1)
      print(comparison)
      #expect(comparison.isWithin(1e-3), "\(comparison)")
      // In the first steps the runs have not diverged yet.
      let first = Comparison(
        "\(isa) \(recorded.testDescription), first steps", found: Array(losses.prefix(20)),
        expected: recorded.losses.prefix(20).map { Float($0) }, floor: 0.1)
      #expect(first.isWithin(2e-4), "\(first)")
      let metric = try #require(trainer.records.last?.metric)
      #expect(abs(metric - recorded.metric) < 0.003, "\(isa): metric \(metric), expected \(recorded.metric)")
    }
  }

  /// The gradients of the other heads have goldens of their own.
  @Test(arguments: curves.runs.filter { $0.gradients != nil })
  func theFirstStepsGradientsArePyTorchs(_ recorded: CurveRun.Recorded) throws {
    let run = try CurveRun(recorded, of: Self.curves)
    for isa in KernelSet.available.map(\.isa) {
      let trainer = try run.trainer(session: Session(threads: 2, kernels: KernelSet(isa)!))
      _ = try trainer.advance()
      let gradients = try #require(recorded.gradients)
      let known = trainer.network.parameters.parameters
      #expect(Set(known.map(\.name)) == Set(gradients.map(\.name)))
      for golden in gradients {
        let found = try #require(known.first { $0.name == golden.name })
        let comparison = golden.compare(found.gradient.values, floor: 0.1)
        #expect(comparison.isWithin(1e-4), "\(isa) \(recorded.testDescription) \(comparison)")
      }
    }
  }

  /// The result of a run, bit for bit.
  private struct Result: Equatable {
    let bits: [String: [UInt32]]
    let records: [TrainingRecord]

    init(_ trainer: Trainer) {
      bits = Dictionary(
        uniqueKeysWithValues: trainer.network.parameters.state.map { ($0.name, $0.values.values.map(\.bitPattern)) })
      records = trainer.records
    }
  }

  @Test(arguments: curves.runs) func aRunThatWasKilledEndsWithTheSameBits(_ recorded: CurveRun.Recorded) throws {
    let run = try CurveRun(recorded, of: Self.curves)
    let whole = try run.trainer(session: Session(threads: 1))
    while whole.step < whole.totalSteps { _ = try whole.advance() }
    let expected = Result(whole)
    #expect(expected.records.last?.step == whole.totalSteps)
    let seed = UInt64.random(in: 0..<(1 << 32))
    var random = SplitMix64(seed: seed)
    for threads in [1, 2, 3] {
      // Killed at two random steps; the second one is lost with everything after the previous checkpoint.
      let kept = random.integer(in: 1...whole.totalSteps - 2)
      let lost = random.integer(in: kept + 1...whole.totalSteps - 1)
      let name = "\(threads).checkpoint"
      let first = try run.trainer(session: Session(threads: threads), checkpoint: name)
      while first.step < lost {
        if first.step == kept { try first.save() }
        _ = try first.advance()
      }
      let second = try run.trainer(session: Session(threads: threads % 3 + 1), checkpoint: name)
      try second.resume()
      #expect(second.step == kept)
      while second.step < second.totalSteps { _ = try second.advance() }
      // Compared here, so that a failure does not print all the bits.
      let isSame = Result(second) == expected
      #expect(isSame, "\(threads) threads, kept \(kept), killed at \(lost), seed \(seed)")
    }
  }

  /// The message of a refused checkpoint.
  private func refusal(_ body: () throws -> Void) -> String? {
    do {
      try body()
      return nil
    } catch { return "\(error)" }
  }

  @Test func aCheckpointOfAnotherRunIsRefusedByName() throws {
    let run = try CurveRun(Self.curves.runs[0], of: Self.curves)
    let session = Session(threads: 1)
    let first = try run.trainer(session: session, settings: ["rate": "0.1", "data": "a"], checkpoint: "c")
    for _ in 0..<3 { _ = try first.advance() }
    try first.save()

    let other = try run.trainer(session: session, settings: ["rate": "0.2", "data": "a", "mix": "1"], checkpoint: "c")
    let before = other.network.parameters.state.map(\.values.values)
    let reason = try #require(refusal { try other.resume() })
    #expect(reason.contains("mix was not set, is 1; rate was 0.1, is 0.2"), "\(reason)")
    #expect(!reason.contains("data"), "\(reason)")
    #expect(other.step == 0 && other.network.parameters.state.map(\.values.values) == before)

    let pyramid = try CurveRun(Self.curves.runs[2], of: Self.curves)
    let network = try pyramid.trainer(
      session: session, settings: ["rate": "0.1", "data": "a"], checkpoint: "c")
    try FileManager.default.copyItem(atPath: run.folder + "/c", toPath: pyramid.folder + "/c")
    #expect(refusal { try network.resume() }?.contains("other layers") == true)
  }

  @Test func aTornCheckpointIsRefused() throws {
    let run = try CurveRun(Self.curves.runs[0], of: Self.curves)
    let session = Session(threads: 1)
    let first = try run.trainer(session: session, checkpoint: "c")
    _ = try first.advance()
    try first.save()
    let bytes = try Data(contentsOf: URL(fileURLWithPath: run.folder + "/c"))
    for count in [0, 7, 1000, bytes.count / 2, bytes.count - 1] {
      try bytes.prefix(count).write(to: URL(fileURLWithPath: run.folder + "/torn"))
      let torn = try run.trainer(session: session, checkpoint: "torn")
      #expect(refusal { try torn.resume() } != nil, "\(count) bytes of \(bytes.count)")
      #expect(torn.step == 0)
    }
  }
}

import Kernels
import TestSupport
import Testing
import Training

/// Runs that collapse, or no longer improve.
@Suite struct CollapseTests {
  private static let curves: CurveRun.Curves = try! Golden.load("training_curves.json")
  /// A learning rate at which a run diverges within its warm-up.
  private static let ruinous: Float = 300

  private func finish(_ trainer: Trainer) throws { while !trainer.isFinished { _ = try trainer.advance() } }

  @Test(arguments: curves.runs) func aRunThatCollapsesIsSetBack(_ recorded: CurveRun.Recorded) throws {
    let run = try CurveRun(recorded, of: Self.curves, rate: Self.ruinous)
    let trainer = try run.trainer(session: Session(threads: 2))
    do { try finish(trainer) } catch TrainingError.diverged {
      // No epoch was ever kept.
      #expect(trainer.best.epoch == 0)
    }
    #expect(!trainer.setBacks.isEmpty)
    #expect(trainer.setBacks.count <= 3)
    #expect(trainer.setBacks.map(\.step) == trainer.setBacks.map(\.step).sorted())
  }

  @Test func healthyRunsAreLeftAlone() throws {
    for recorded in Self.curves.runs {
      let trainer = try CurveRun(recorded, of: Self.curves).trainer(session: Session(threads: 2))
      try finish(trainer)
      #expect(trainer.setBacks.isEmpty, "\(recorded.testDescription): \(trainer.setBacks)")
    }
  }

  @Test func aRunThatCollapsesAndIsKilledEndsWithTheSameBits() throws {
    let run = try CurveRun(Self.curves.runs[0], of: Self.curves, rate: Self.ruinous)
    func end(_ trainer: Trainer) -> [[UInt32]] {
      try? finish(trainer)
      return trainer.network.parameters.state.map { $0.values.values.map(\.bitPattern) }
    }
    let whole = try run.trainer(session: Session(threads: 1))
    let expected = end(whole)
    let first = try #require(whole.setBacks.first)
    for kept in [max(first.step - 1, 0), first.step, first.step + 1] {
      let killed = try run.trainer(session: Session(threads: 2), checkpoint: "c")
      while killed.step < kept { _ = try killed.advance() }
      try killed.save()
      let second = try run.trainer(session: Session(threads: 3), checkpoint: "c")
      try second.resume()
      #expect(second.step == kept)
      let isSame = end(second) == expected
      #expect(isSame, "kept \(kept)")
      #expect(second.setBacks == whole.setBacks)
    }
  }

  /// The model is that of the epoch with the best metric, even if later ones are worse.
  @Test func theBestEpochBecomesTheModel() throws {
    for recorded in Self.curves.runs {
      let trainer = try CurveRun(recorded, of: Self.curves).trainer(session: Session(threads: 2))
      try finish(trainer)
      let metrics = trainer.records.compactMap(\.metric)
      let best = try #require(metrics.max())
      #expect(trainer.best.metric == best)
      #expect(trainer.best.epoch == metrics.firstIndex(of: best)! + 1)
      #expect(trainer.validate() == best)
    }
  }

  @Test func patienceEndsARun() throws {
    let recorded = Self.curves.runs[0]
    // So small a rate changes nothing, so the first epoch stays the best.
    let trainer = try CurveRun(recorded, of: Self.curves, rate: 1e-20, patience: 2).trainer(
      session: Session(threads: 1))
    try finish(trainer)
    #expect(trainer.step < trainer.totalSteps)
    #expect(trainer.records.compactMap(\.metric).count == 3)
    #expect(trainer.best.epoch == 1)
  }
}

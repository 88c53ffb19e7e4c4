import Kernels
import TestSupport
import Testing

/// `BACKBONE_ISA`: each instruction set of the machine gives the same results, and other values are refused.
@Suite struct InstructionSetTests {
  let work: Workplace

  init() throws { work = try Workplace() }

  private struct Found {
    let label: String
    let score: Double
    let box: [Double]
  }

  private func detect(_ arguments: [String], _ isa: String, models: String) throws -> [[Found]] {
    let ending = try work.run(
      .detect, arguments + ["--format", "json"], environment: ["BACKBONE_ISA": isa, "BACKBONE_MODELS": models])
    #expect(ending.status == 0, "\(ending.errors)")
    return try JSONValue(ending.output).elements.map { picture in
      try #require(picture["detections"]).elements.map {
        Found(
          label: try #require($0["label"]?.text), score: try #require($0["score"]?.double),
          box: try #require($0["box"]).elements.compactMap(\.double))
      }
    }
  }

  /// The same detections in the same order, up to the rounding of sums in another order.
  private func expectSame(_ arguments: [String], models: String) throws {
    let names = KernelSet.available.map(\.isa.rawValue)
    let expected = try detect(arguments, names[0], models: models)
    #expect(expected.contains { !$0.isEmpty })
    for name in names.dropFirst() {
      let found = try detect(arguments, name, models: models)
      #expect(found.map(\.count) == expected.map(\.count))
      var (scores, boxes) = (0.0, 0.0)
      for (a, b) in zip(found.joined(), expected.joined()) {
        #expect(a.label == b.label)
        scores = max(scores, abs(a.score - b.score))
        boxes = zip(a.box, b.box).reduce(boxes) { max($0, abs($1.0 - $1.1)) }
      }
      print("\(name) and \(names[0]): scores differ by \(scores) at most, boxes by \(boxes) pixels")
      #expect(scores <= 1e-4 && boxes <= 0.05)
    }
  }

  @Test("the small detector") func small() throws {
    try expectSame(["a.png", "b.png", "c.png", "--model", "tiny-detector", "--score", "0.4"], models: work.models)
  }

  @Test("the model that ships") func shipped() throws {
    let pictures = ["grace_hopper.jpg", "astronaut.png", "chelsea.png"].map(TestData.sample)
    try expectSame(pictures + ["--score", "0.3"], models: work.here + "/folder")
  }

  @Test("bench writes the forced instruction set")
  func bench() throws {
    for kernels in KernelSet.available {
      let ending = try work.run(
        .backbone, "bench", "classify", "--random-init", "--runs", "1", "--size", "33",
        environment: ["BACKBONE_ISA": kernels.isa.rawValue])
      #expect(ending.output.contains("  \(kernels.isa.rawValue)  "), "\(ending.errors)")
    }
  }

  @Test("an instruction set that is unknown or not on this machine is a usage error", arguments: Program.allCases)
  func refused(program: Program) throws {
    let lines = [
      Program.detect: "a.png --model %", .segment: "a.png --model % --out m.png",
      .backbone: "bench classify --random-init",
    ]
    let there = Set(KernelSet.available.map(\.isa))
    for isa in ["sse9", "AVX2", " "] + InstructionSet.allCases.filter({ !there.contains($0) }).map(\.rawValue) {
      try work.expect(
        FailureCase(program, lines[program]!, 2, "BACKBONE_ISA=\(isa): ", "portable", "; unset BACKBONE_ISA, or name"),
        environment: ["BACKBONE_ISA": isa])
    }
    // An empty value is the same as no value.
    let empty = try work.run(program, "--version", environment: ["BACKBONE_ISA": ""])
    #expect(empty.status == 0)
  }
}

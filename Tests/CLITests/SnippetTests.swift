import TestSupport
import Testing

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Each program in `Snippets` runs to its end, in its own folder beside the samples.
@Suite struct SnippetTests {
  static let names =
    ((try? FileManager.default.contentsOfDirectory(atPath: TestData.packageRoot + "/Snippets")) ?? []).sorted()
    .filter { $0.hasSuffix(".swift") }.map { String($0.dropLast(".swift".count)) }

  /// A part of each program's output.
  private static let words = [
    "AnswerRequest": ["\"label\":\"person\"", "overlay of", "the request: "],
    "BackboneMaps": ["[1, 28, 28, 32]\n112896"],
    "BoxesAndMasks": ["7 of 17 blocks", "cat"],
    "CameraFrames": ["frame 4: "],
    "CountPeople": ["astronaut.png 1\nchelsea.png 0\ngrace_hopper.jpg 1"],
    "FindSimilar": ["astronaut.png is most like grace_hopper.jpg", "grace_hopper.jpg is most like astronaut.png"],
    "FindThings": ["person 0."],
    "OwnHead": ["background", "ball"],
    "OwnModels": ["1\nperson-ssdlite [\"person\"]"],
    "TrainClassifier": ["ball 0.9"],
    "OwnNetwork": ["block0", "has tensors named \"stem\""],
  ]

  @Test func allAreKnown() { #expect(Set(Self.names) == Set(Self.words.keys)) }

  @Test(arguments: names) func runs(name: String) throws {
    let work = try Workplace()
    let samples = URL(fileURLWithPath: TestData.packageRoot + "/Samples")
    try FileManager.default.createSymbolicLink(
      at: URL(fileURLWithPath: work.here + "/Samples"), withDestinationURL: samples)
    let ending = try work.run(.detect, script: "exec \(Program.folder)/\(name)")
    #expect(ending.status == 0, "\(ending.errors)")
    for word in Self.words[name] ?? ["?"] { #expect(ending.output.contains(word), "\(word) in \(ending.output)") }
  }
}

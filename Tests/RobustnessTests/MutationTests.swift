import Foundation
import HostileFiles
import ModelFetch
import TestSupport
import Testing

/// The program `mutate`, which reads damaged files in child processes.
enum MutateProgram {
  static let path: String = {
    var path = "\(CommandLine.arguments[0])"
    if let link = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe") { path = link }
    return path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/") + "/mutate"
  }()

  static func run(_ arguments: [String]) throws -> Subprocess.Result {
    try #require(Subprocess.run([path] + arguments), "\(path): is not built; run `swift build` as for the tests")
  }
}

/// A short version of `make mutate`.
@Suite(.serialized) struct MutationTests {
  /// The number of files of each format that takes a second or two.
  static let counts: [HostileFormat: Int] = [
    .coco: 5_000, .cvat: 5_000, .graph: 800, .jpeg: 8_000, .labelme: 5_000, .png: 15_000, .safetensors: 1_000,
    .supervisely: 5_000, .tflite: 800, .voc: 8_000, .yolo: 8_000,
  ]

  @Test(arguments: HostileFormat.allCases) func damagedFilesDoNoHarm(format: HostileFormat) throws {
    try TestData.withTemporaryFolder { folder in
      // With a new seed in each run failures would come and go; `make mutate` has longer runs.
      let result = try MutateProgram.run([
        "--format", format.rawValue, "--count", "\(MutationTests.counts[format]!)", "--seed", "20251", "--keep", folder,
      ])
      print(result.output, terminator: "")
      #expect(result.status == 0 && result.output.contains(" 0 did harm"), "\(result.output)")
    }
  }

  @Test func theSameSeedGivesTheSameFiles() {
    for format in HostileFormat.allCases {
      let (one, other) = (Mutator(format, seed: 3), Mutator(format, seed: 4))
      #expect(one.file(17) == Mutator(format, seed: 3).file(17))
      #expect((0..<20).contains { one.file($0) != other.file($0) }, "\(format)")
    }
  }

  /// The harness must detect a reader that needs more memory than it has.
  @Test func theHarnessSeesMemoryThatIsNotThere() throws {
    try TestData.withTemporaryFolder { folder in
      // 4096x4096 pixels take 48 MiB.
      var bytes = Seed.all(.png)[0].bytes
      bytes.replaceSubrange(16..<24, with: [0, 0, 16, 0, 0, 0, 16, 0])
      PNGWounds.repairChecksums(&bytes)
      try Data(bytes).write(to: URL(fileURLWithPath: "\(folder)/large.png"))
      let read = ["--format", "png", "--read", "\(folder)/large.png", "--memory"]
      let little = try MutateProgram.run(read + ["16"])
      #expect(little.status == 2 && little.output.contains("no memory"), "\(little.output)")
      let enough = try MutateProgram.run(read + ["128"])
      #expect(enough.status == 1 && !enough.output.contains("no memory"), "\(enough.output)")
    }
  }

  @Test(.enabled(if: TestData.has("png-corrupt"), "\(TestData.absence(of: "png-corrupt"))"))
  func filesThatOnceBrokeADecoderTakeASecondAndLittleMemory() throws {
    let folder = try #require(TestData.path("png-corrupt"))
    let names = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".png") }.sorted()
    #expect(names.count >= 18)
    for name in names {
      let result = try MutateProgram.run([
        "--format", "png", "--read", "\(folder)/\(name)", "--memory", "64", "--seconds", "1",
      ])
      #expect([0, 1].contains(result.status), "\(name): \(result)")
      if name.hasPrefix("x_") { #expect(result.status == 1, "\(name): \(result)") }
    }
  }
}

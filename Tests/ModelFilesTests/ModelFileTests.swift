import Files
import ModelFiles
import Tensors
import TestSupport
import Testing

@Suite struct ModelFileTests {
  @Test func whatIsWrittenIsRead() throws {
    try TestData.withTemporaryFolder { folder in
      let path = "\(folder)/tiny.safetensors"
      try ModelFile.write(card: Fixtures.card, weights: Fixtures.weights, to: path)
      let model = try ModelFile.open(path: path)
      #expect(model.card == Fixtures.card)
      #expect(model.path == path)
      #expect(model.weights.entries.keys.sorted() == ["a", "b", "zero/with \"quotes\""])
      #expect(
        try model.weights.withTensor("b", shape: [2, 3]) { values in values.indices.map { values[$0] } } == [
          1, 2, 3, 4, 5, 6,
        ])
      #expect(try model.weights.withTensor("a", shape: [1]) { $0[0] } == -0.5)
      #expect(throws: WeightsError.missing(name: "c", source: path)) {
        try model.weights.withTensor("c", shape: [1]) { _ in }
      }
      #expect(throws: WeightsError.wrongShape(name: "b", expected: [3, 2], found: [2, 3], source: path)) {
        try model.weights.withTensor("b", shape: [3, 2]) { _ in }
      }
    }
  }

  @Test func theSameModelGivesTheSameBytes() throws {
    try TestData.withTemporaryFolder { folder in
      let first = try Fixtures.bytes(folder: folder)
      let second = try Fixtures.bytes(folder: folder)
      #expect(first == second)
    }
  }

  @Test func valuesBeginAtAMultipleOf64Bytes() throws {
    try TestData.withTemporaryFolder { folder in
      for name in ["a", "ab", "abcdefg", String(repeating: "n", count: 63)] {
        var card = Fixtures.card
        card.name = name
        let bytes = try Fixtures.bytes(card: card, folder: folder)
        let header = bytes[..<8].reversed().reduce(0) { $0 << 8 | Int($1) }
        #expect((8 + header) % 64 == 0)
        #expect(bytes.count == 8 + header + 10 * 4)
      }
    }
  }

  @Test func everyPrefixIsRefused() throws {
    try TestData.withTemporaryFolder { folder in
      let bytes = try Fixtures.bytes(folder: folder)
      for count in bytes.indices {
        let file = try MappedFile(path: "prefix", copying: Array(bytes[..<count]))
        #expect(throws: ModelFileError.self, "the first \(count) bytes") { try ModelFile.read(file) }
      }
      #expect(throws: ModelFileError.self) { try ModelFile.read(try MappedFile(path: "longer", copying: bytes + [0])) }
    }
  }

  @Test func aChangedByteIsReadOrRefusedButNeverCrashes() throws {
    try TestData.withTemporaryFolder { folder in
      let bytes = try Fixtures.bytes(folder: folder)
      var random = SplitMix64(seed: 8)
      var refused = 0
      for _ in 0..<5_000 {
        var changed = bytes
        for _ in 0..<random.integer(in: 1...4) {
          changed[random.integer(in: 0...bytes.count - 1)] = UInt8(truncatingIfNeeded: random.next())
        }
        do { _ = try ModelFile.read(try MappedFile(path: "changed", copying: changed)) } catch { refused += 1 }
      }
      print("ModelFile: \(refused) of 5000 changed files refused, seed 8")
      #expect(refused > 3_000)
    }
  }

  @Test(arguments: [Float.nan, .infinity, -.infinity, .leastNonzeroMagnitude, -0x1p-130])
  func valuesThatAreNotNormalAreRefusedBothWays(value: Float) throws {
    try TestData.withTemporaryFolder { folder in
      for index in [0, 1, 4095, 4096, 4999] {
        var values = [Float](repeating: 1, count: 5000)
        values[index] = value
        let weights = Weights(source: "test", tensors: ["good": ([2], [1, 2]), "bad": ([50, 100], values)])
        let path = "\(folder)/bad.safetensors"
        let refusal = ModelFileError.notNormal(path: path, name: "bad", index: index, value: "\(value)")
        #expect(throws: refusal) { try ModelFile.write(card: Fixtures.card, weights: weights, to: path) }
        #expect(throws: ModelFileError.file(.cannotOpen(path: path, errno: 2))) { try ModelFile.open(path: path) }
      }
      // The bytes of 0.0 in the last tensor, replaced by the value.
      var bytes = try Fixtures.bytes(folder: folder)
      let place = bytes.count - 12
      for i in 0..<4 { bytes[place + i] = UInt8(truncatingIfNeeded: value.bitPattern >> (8 * UInt32(i))) }
      let refusal = ModelFileError.notNormal(path: "f", name: "zero/with \"quotes\"", index: 0, value: "\(value)")
      #expect(throws: refusal) { try ModelFile.read(try MappedFile(path: "f", copying: bytes)) }
    }
  }

  @Test func theExtremesOfNormalValuesPass() {
    let extremes: [Float] = [0, -0.0, .leastNormalMagnitude, .greatestFiniteMagnitude]
    #expect(firstAbnormal((extremes + extremes.map { -$0 }).span) == nil)
    // Their neighbours out of range are not.
    for value in [Float.leastNormalMagnitude.nextDown, .greatestFiniteMagnitude.nextUp] {
      #expect(firstAbnormal([1, -value].span)?.index == 1)
      #expect(firstAbnormal([value, 1].span)?.index == 0)
    }
  }

  @Test func otherTypesAreRefused() throws {
    try TestData.withTemporaryFolder { folder in
      // A type of the same size, so that the rest of the file stays valid.
      let bytes = try Fixtures.bytes(folder: folder).replacing(Array("F32".utf8), with: Array("I32".utf8))
      #expect(throws: ModelFileError.tensor(path: "f", name: "a", reason: "holds I32, expected F32 or F16")) {
        try ModelFile.read(try MappedFile(path: "f", copying: bytes))
      }
    }
  }

  @Test func missingFilesAndFoldersAreNamed() {
    #expect(throws: ModelFileError.file(.cannotOpen(path: "/nonexistent", errno: 2))) {
      try ModelFile.open(path: "/nonexistent")
    }
    #expect(throws: ModelFileError.file(.isDirectory(path: "/tmp"))) { try ModelFile.open(path: "/tmp") }
  }
}

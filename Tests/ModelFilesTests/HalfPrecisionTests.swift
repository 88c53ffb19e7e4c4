import Files
import ModelFiles
import Tensors
import TestSupport
import Testing

/// Weights stored as fp16: the conversion, whole files, and heads on a base in fp16.
@Suite struct HalfPrecisionTests {
  #if !(os(macOS) && arch(x86_64))
    /// The compiler's own type is the reference, for all 65,536 numbers.
    @Test func everyHalfIsWidenedExactly() {
      for bits in UInt16.min...UInt16.max {
        let (found, expected) = (HalfPrecision.widened(bits), Float(Float16(bitPattern: bits)))
        #expect(expected.isNaN ? found.isNaN : found.bitPattern == expected.bitPattern, "\(bits)")
      }
    }

    /// Every half-precision number, the midpoints between neighbours, and the floats next to these; then numbers of all
    /// magnitudes.
    @Test func floatsAreRoundedToNearestAndTiesToEven() {
      var wrong: [Float] = []
      func check(_ value: Float) {
        let found = HalfPrecision.rounded(value), expected = Float16(value).bitPattern
        if found != expected { wrong.append(value) }
      }
      for bits in UInt16(0)..<0x7c00 {
        let (value, next) = (HalfPrecision.widened(bits), bits == 0x7bff ? 65536 : HalfPrecision.widened(bits + 1))
        let middle = (value + next) / 2
        for one in [value, middle, middle.nextUp, middle.nextDown] {
          check(one)
          check(-one)
        }
      }
      var random = SplitMix64(seed: 11)
      for _ in 0..<200_000 {
        let value = Float(bitPattern: UInt32(truncatingIfNeeded: random.next()))
        if !value.isNaN { check(value) }
      }
      #expect(wrong.isEmpty, "\(wrong.count) values, \(wrong.prefix(5)) among them")
      #expect(HalfPrecision.rounded(.nan) & 0x7fff > 0x7c00)
    }
  #endif

  private static let values: [Float] = [0, -0.0, 1, -2.5, 65504, -65504, 0x1p-14, 0x1p-24, 3 * 0x1p-24, 0.333251953125]

  private static var weights: Weights {
    Weights(source: "test", tensors: ["a": ([2, 5], values), "b": ([3], [0.1, -1e-3, 1e-9]), "c": ([1], [7])])
  }

  private func written(_ weights: Weights, in folder: String) throws -> ModelFile {
    let path = "\(folder)/half.safetensors"
    try ModelFile.write(card: Fixtures.card, weights: weights, to: path, precision: .fp16)
    return try ModelFile.open(path: path)
  }

  @Test func aRoundTripKeepsWhatHalvesHoldAndRoundsTheRest() throws {
    try TestData.withTemporaryFolder { folder in
      let model = try written(Self.weights, in: folder)
      #expect(model.weights.entries.values.allSatisfy { $0.precision == .fp16 })
      #expect(try model.weights.values("a", shape: [2, 5]).map(\.bitPattern) == Self.values.map(\.bitPattern))
      #expect(try model.weights.values("c", shape: [1]) == [7])
      let rounded = try model.weights.values("b", shape: [3])
      // NumPy: [float(np.float16(x)) for x in (0.1, -1e-3, 1e-9)]
      #expect(rounded == [0.0999755859375, -0.0010004043579101562, 0])
      // A second conversion, and one back to fp32, change nothing.
      let file = try MappedFile(path: model.path, limit: 1 << 20)
      let bytes = file.array(at: 0, count: file.count)!
      let again = try written(model.weights, in: folder)
      let second = try MappedFile(path: again.path, limit: 1 << 20)
      #expect(second.array(at: 0, count: second.count)! == bytes)
      let wide = "\(folder)/wide.safetensors"
      try ModelFile.write(card: Fixtures.card, weights: model.weights, to: wide)
      let fp32 = try ModelFile.open(path: wide)
      #expect(fp32.weights.entries.values.allSatisfy { $0.precision == .fp32 })
      for name in ["a", "b", "c"] { #expect(fp32.weights.isSame(as: model.weights, tensor: name)) }
      let header = bytes[..<8].reversed().reduce(0) { $0 << 8 | Int($1) }
      #expect(bytes.count == 8 + header + 14 * 2)
    }
  }

  @Test func theLossIsTold() {
    let loss = Self.weights.rounding(to: .fp16)
    // The relative error of 0.001 is greater than that of 0.1: 4.0436e-7 / 1e-3.
    #expect(loss.tensor == "b" && abs(loss.largestRelative - 4.0436e-4) < 1e-7, "\(loss)")
    // 2^-24, three times that, and 1e-9; only the last one becomes zero.
    #expect(loss.small == 3 && loss.zeroed == 1)
    #expect(Self.weights.rounding(to: .fp32).tensor == nil)
  }

  @Test(arguments: [Float(65520), -65520, 1e30]) func whatHalvesCannotHoldIsRefusedByName(value: Float) throws {
    try TestData.withTemporaryFolder { folder in
      let weights = Weights(source: "test", tensors: ["good": ([1], [65519]), "bad": ([3], [1, 2, value])])
      let path = "\(folder)/half.safetensors"
      let refusal = ModelFileError.tooLarge(path: path, name: "bad", index: 2, value: "\(value)")
      #expect(throws: refusal) {
        try ModelFile.write(card: Fixtures.card, weights: weights, to: path, precision: .fp16)
      }
      #expect(refusal.description.contains("beyond the 65504.0 of fp16; keep the model in fp32"))
      #expect(try Folder.names(in: folder).isEmpty)
      try ModelFile.write(card: Fixtures.card, weights: weights, to: path)
    }
  }

  @Test(arguments: [(UInt16(0x7c00), "inf"), (0xfc00, "-inf"), (0x7e01, "nan"), (0xffff, "nan")])
  func halvesThatAreNoNumbersAreRefused(bits: UInt16, word: String) throws {
    try TestData.withTemporaryFolder { folder in
      for index in [0, 4095, 4096, 4999] {
        let weights = Weights(source: "test", tensors: ["w": ([5000], [Float](repeating: 1, count: 5000))])
        let model = try written(weights, in: folder)
        let file = try MappedFile(path: model.path, limit: 1 << 20)
        var bytes = file.array(at: 0, count: file.count)!
        let place = bytes.count - (5000 - index) * 2
        (bytes[place], bytes[place + 1]) = (UInt8(truncatingIfNeeded: bits), UInt8(bits >> 8))
        #expect(throws: ModelFileError.notNormal(path: "f", name: "w", index: index, value: word)) {
          try ModelFile.read(MappedFile(path: "f", copying: bytes))
        }
      }
    }
  }

  /// A file may contain both formats, each value aligned to its size.
  @Test func tensorsOfBothFormatsInOneFile() throws {
    func file(_ tensors: [Safetensors.Declaration], _ values: [UInt8]) throws -> MappedFile {
      let whole = try TestData.withTemporaryFolder { try Fixtures.bytes(folder: $0) }
      let card = try Safetensors(MappedFile(path: "f", copying: whole)).metadata
      return try MappedFile(
        path: "f", copying: Safetensors.header(metadata: card, tensors: tensors, path: "f") + values)
    }
    let one: [UInt8] = [0, 0, 0x80, 0x3f], half: [UInt8] = [0, 0x3c]
    let weights = try ModelFile.read(
      file(
        [
          .init(name: "a", type: .float32, shape: [1]), .init(name: "b", type: .float16, shape: [2]),
          .init(name: "c", type: .float32, shape: [1]), .init(name: "d", type: .float16, shape: [1]),
        ], one + half + half + one + half)
    ).weights
    for (name, count) in [("a", 1), ("b", 2), ("c", 1), ("d", 1)] {
      #expect(try weights.values(name, shape: [count]) == [Float](repeating: 1, count: count))
    }
    let error = #expect(throws: ModelFileError.self) {
      try ModelFile.read(
        file(
          [.init(name: "a", type: .float16, shape: [1]), .init(name: "b", type: .float32, shape: [1])], half + one))
    }
    #expect(try #require(error).description.contains("the tensor b begins at byte "))
    #expect(try #require(error).description.contains("which is not aligned to its values"))
  }
}

import Backbone
import Preprocess
import Testing

/// `backbone features`: the file that NumPy reads, and what is in it.
@Suite struct FeaturesTests {
  let work: Workplace

  init() throws { work = try Workplace() }

  /// An array file of format 1.0, read by its description alone.
  private struct NPY {
    let shape: [Int]
    let values: [Float]

    init(_ bytes: [UInt8]) throws {
      try #require(bytes.starts(with: [0x93] + Array("NUMPY".utf8) + [1, 0]))
      let length = Int(bytes[8]) | Int(bytes[9]) << 8
      #expect((10 + length) % 64 == 0 && bytes[9 + length] == UInt8(ascii: "\n"))
      let header = String(decoding: bytes[10..<10 + length], as: UTF8.self)
      #expect(header.hasPrefix("{'descr': '<f4', 'fortran_order': False, 'shape': ("))
      let inner = header.split(separator: "(")[1].split(separator: ")")[0]
      shape = inner.split(separator: ",").compactMap { Int($0.filter(\.isNumber)) }
      let data = bytes[(10 + length)...]
      try #require(data.count == shape.reduce(4, *))
      values = stride(from: data.startIndex, to: data.endIndex, by: 4).map { i in
        Float(bitPattern: (0..<4).reduce(0) { $0 | UInt32(data[i + $1]) << UInt32(8 * $1) })
      }
    }
  }

  @Test("every tap of a model is the library's own map, bit for bit")
  func values() throws {
    let model = try ModelFile.open(path: "\(work.models)/tiny-detector.safetensors")
    let backbone = try Network(model.card.backbone, weights: model.weights)
    let input = try Preprocessor(model.card.input).prepare(try work.read("b.png"))
    let maps = try backbone.features(of: input.tensor, taps: backbone.taps.map(\.tap))
    for tap in backbone.taps where [.stem, .block(0), .block(5), .expansion(13), .last].contains(tap.tap) {
      let ending = try work.run(
        .backbone, "features", "b.png", "--model", "tiny-detector", "--tap", tap.name, "--out", "f.npy")
      #expect(ending.status == 0 && ending.errors.isEmpty, "\(ending.errors)")
      let array = try NPY(try work.bytes("f.npy"))
      #expect(array.shape == maps[tap.tap].shape.extents && array.shape[3] == tap.channels)
      #expect(array.values.map(\.bitPattern) == maps[tap.tap].tensor.values().map(\.bitPattern), "\(tap.name)")
      #expect(array.values.contains { $0 != 0 })
    }
  }

  @Test("the list of taps is the network's")
  func list() throws {
    let ending = try work.run(.backbone, "features", "--tap", "list", "--model", "tiny-detector")
    #expect(ending.status == 0 && ending.errors.isEmpty)
    let rows = ending.output.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
    let model = try ModelFile.open(path: "\(work.models)/tiny-detector.safetensors")
    #expect(rows.first == ["tap", "channels", "stride"])
    let taps = NetworkLayout(model.card.backbone).graph.taps
    #expect(rows.dropFirst() == ArraySlice(taps.map { [$0.name, "\($0.channels)", "\($0.stride)"] }))
    #expect(rows.count == 53)
  }

  @Test("random weights are taken only where they are asked for")
  func random() throws {
    try work.expect(FailureCase(.backbone, "features a.png --model nope --tap stem --out f.npy", 3, "nope: no model"))
    let ending = try work.run(.backbone, "features", "a.png", "--tap", "block16", "--out", "f.npy", "--random-init")
    #expect(ending.status == 0, "\(ending.errors)")
    #expect(try NPY(try work.bytes("f.npy")).shape == [1, 7, 7, 320])
    let small = try work.run(
      .backbone, "features", "c.png", "--tap", "last", "--out", "f.npy", "--random-init", "--size", "33")
    #expect(small.status == 0, "\(small.errors)")
    #expect(try NPY(try work.bytes("f.npy")).shape == [1, 2, 2, 1280])
    // A segmenter's network ends before the last convolution.
    try work.expect(
      FailureCase(.backbone, "features a.png --model tiny-segmenter --tap last --out g.npy", 3, "last", "block16"))
  }
}

import Backbone
import Processing
import Testing

/// `backbone features`: the NumPy file and its contents.
@Suite struct FeaturesTests {
  let work: Workplace

  init() throws { work = try Workplace() }

  @Test("every tap of a model is bitwise equal to the library's map")
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

  @Test("random weights need a flag")
  func random() throws {
    try work.expect(FailureCase(.backbone, "features a.png --model nope --tap stem --out f.npy", 3, "nope: no model"))
    let ending = try work.run(.backbone, "features", "a.png", "--tap", "block16", "--out", "f.npy", "--random-init")
    #expect(ending.status == 0, "\(ending.errors)")
    #expect(try NPY(try work.bytes("f.npy")).shape == [1, 7, 7, 320])
    let small = try work.run(
      .backbone, "features", "c.png", "--tap", "last", "--out", "f.npy", "--random-init", "--size", "33")
    #expect(small.status == 0, "\(small.errors)")
    #expect(try NPY(try work.bytes("f.npy")).shape == [1, 2, 2, 1280])
    // A segmenter's network has no last convolution.
    try work.expect(
      FailureCase(.backbone, "features a.png --model tiny-segmenter --tap last --out g.npy", 3, "last", "block16"))
  }
}

import Backbone
import Checkpoints
import Files
import ModelFiles
import Tensors
import TestSupport
import Testing

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// MobileNetV1 in every published form: its recognition, and the outputs of the imported network.
@Suite struct MobileNetV1Tests {
  private func imported(_ bytes: [UInt8]) throws -> ImportedModel {
    try Importer.importCheckpoint(try MappedFile(path: "models/tiny.bin", copying: bytes))
  }

  private func refusal(_ bytes: [UInt8]) throws -> String {
    let error = #expect(throws: CheckpointError.self) {
      try Importer.importCheckpoint(try MappedFile(path: "bad", copying: bytes))
    }
    return try #require(error).description
  }

  /// Checks that the tensors and the card are those of the network at width 0.25.
  private func expectNetwork(_ model: ImportedModel, _ family: Family, outputs: Int?, padding: Padding = .same) {
    var expected = NetworkLayout.mobileNetV1(width: 0.25).graph.parameters
    if let outputs {
      expected.append(ParameterInfo(name: "classifier.weight", shape: [256, outputs]))
      expected.append(ParameterInfo(name: "classifier.bias", shape: [outputs]))
    }
    let shapes = Dictionary(uniqueKeysWithValues: expected.map { ($0.name, $0.shape) })
    #expect(model.weights.entries.mapValues(\.shape) == shapes)
    #expect(model.summary.family == family && model.card.family == family.rawValue)
    let card = model.card.backbone
    #expect(card.network == "mobilenet-v1" && card.widthMultiplier == 0.25 && card.padding == padding)
    #expect(!card.hasLastConvolution)
    #expect(model.card.task == (outputs == nil ? .features : .classify) && model.card.classifierOutputs == outputs)
  }

  // MARK: Recognition

  @Test(arguments: GraphBuilder.Norms.allCases, [8, 16, 32])
  func slim(norms: GraphBuilder.Norms, outputStride: Int) throws {
    let builder = GraphBuilder.mobileNetV1(outputStride: outputStride, norms: norms)
    let model = try imported(try builder.bytes())
    expectNetwork(model, .tfSlim, outputs: 11)
    #expect(model.card.backbone.outputStride == outputStride)
    #expect(model.card.backbone.batchNormEpsilon == (norms == .folded ? 0 : 0.001))
    #expect(model.card.input.mean == [127.5, 127.5, 127.5] && model.card.input.grid == .legacy)
    #expect(model.summary.ignored.isEmpty)
  }

  @Test(arguments: KerasCheckpoints.Names.allCases, ["", "mobilenet_0.25_224/"])
  func keras(names: KerasCheckpoints.Names, prefix: String) throws {
    let model = try imported(KerasCheckpoints.mobileNetV1(names: names, prefix: prefix).safetensors())
    expectNetwork(model, .keras, outputs: 11)
    #expect(model.card.backbone.batchNormEpsilon == 0.001 && model.card.input.mean == [127.5, 127.5, 127.5])
    expectNetwork(
      try imported(KerasCheckpoints.mobileNetV1(outputs: nil, names: names, prefix: prefix).safetensors()), .keras,
      outputs: nil)
  }

  @Test(arguments: KerasCheckpoints.Names.allCases) func secondNetworkOfKeras(names: KerasCheckpoints.Names) throws {
    let model = try imported(KerasCheckpoints.mobileNetV2(names: names).safetensors())
    #expect(model.summary.family == .keras && model.card.backbone.network == "mobilenet-v2")
    #expect(model.card.backbone.widthMultiplier == TestNetwork.width && model.card.classifierOutputs == 10)
    #expect(model.weights.entries.count == NetworkLayout(model.card.backbone).graph.parameters.count + 2)
  }

  @Test(arguments: ["mobilenet_v1.", ""]) func huggingFace(prefix: String) throws {
    let model = try imported(TorchCheckpoints.firstHuggingFace(prefix: prefix).safetensors())
    expectNetwork(model, .huggingFace, outputs: 10)
    #expect(model.card.backbone.batchNormEpsilon == 0.001)
  }

  @Test(arguments: [8, 16, 32]) func tfLite(outputStride: Int) throws {
    let model = try imported(TFLiteBuilder.mobileNetV1(outputStride: outputStride).file())
    expectNetwork(model, .tfLite, outputs: 11)
    #expect(model.card.backbone.outputStride == outputStride)
    let ends = try imported(TFLiteBuilder.mobileNetV1(grows: true).file())
    expectNetwork(ends, .tfLite, outputs: 11)
    let sides = try imported(TFLiteBuilder.mobileNetV1(pads: true).file())
    expectNetwork(sides, .tfLite, outputs: 11, padding: .symmetric)
  }

  // MARK: Paddings of frozen graphs

  /// A graph whose 3x3 convolutions have explicit paddings.
  private func padded(_ amounts: [Int32], where isPadded: (TFNode) -> Bool) -> GraphBuilder {
    var builder = GraphBuilder.mobileNetV1()
    builder.integers("pads/values", amounts)
    for node in builder.graph.nodes where isPadded(node) {
      builder.node("\(node.name)/Pad", "Pad", [node.inputs[0], "pads/values"])
      builder.change(node.name) { node in
        node.inputs[0] = "\(node.name)/Pad"
        node.attributes["padding"] = GraphBuilder.attribute { $0.string = Data("VALID".utf8) }
      }
    }
    return builder
  }

  private func isThreeByThree(_ node: TFNode) -> Bool {
    node.op == "DepthwiseConv2dNative" || node.name == "MobilenetV1/Conv2d_0/Conv2D"
  }

  private func halves(_ node: TFNode) -> Bool {
    let scopes = ["Conv2d_0", "Conv2d_2_depthwise", "Conv2d_4_depthwise", "Conv2d_6_depthwise", "Conv2d_12_depthwise"]
    return isThreeByThree(node) && scopes.contains { node.name.hasPrefix("MobilenetV1/\($0)/") }
  }

  @Test func paddingsOfTheirOwnAreRead() throws {
    let ends = padded([0, 0, 0, 1, 0, 1, 0, 0], where: halves)
    #expect(try imported(try ends.bytes()).card.backbone.padding == .same)
    let sides = padded([0, 0, 1, 1, 1, 1, 0, 0], where: isThreeByThree)
    #expect(try imported(try sides.bytes()).card.backbone.padding == .symmetric)
    let mixture = padded([0, 0, 1, 1, 1, 1, 0, 0]) { $0.name == "MobilenetV1/Conv2d_0/Conv2D" }
    #expect(try refusal(try mixture.bytes()).contains("a mixture"))
    let others = padded([0, 0, 2, 1, 2, 1, 0, 0]) { $0.name == "MobilenetV1/Conv2d_0/Conv2D" }
    #expect(try refusal(try others.bytes()).contains("backbone.stem has the padding [0.0, 0.0, 2.0, 1.0"))
  }

  // MARK: Refusals

  @Test func whatIsNoMobileNetV1IsRefused() throws {
    var builder = GraphBuilder.mobileNetV1()
    builder.change("MobilenetV1/Conv2d_3_pointwise/Relu6") { $0.op = "Relu" }
    #expect(try refusal(try builder.bytes()).contains("backbone.block2.project has ReLU, expected ReLU6"))
    builder = GraphBuilder.mobileNetV1(norms: .spelt)
    builder.change("MobilenetV1/Conv2d_1_depthwise/BatchNorm/batchnorm/add_1") { $0.op = "Mul" }
    #expect(try refusal(try builder.bytes()).contains("backbone.block0.depthwise"))
    var tensors = KerasCheckpoints.mobileNetV1()
    tensors.remove("conv_pw_7_bn/beta")
    let missing = try refusal(tensors.safetensors())
    #expect(missing.contains("no complete keras checkpoint: 1 missing: conv_pw_7_bn/beta"), "\(missing)")
    builder = GraphBuilder.mobileNetV1()
    for i in builder.graph.nodes.indices {
      builder.graph.nodes[i].name = "FeatureExtractor/\(builder.graph.nodes[i].name)"
      builder.graph.nodes[i].inputs = builder.graph.nodes[i].inputs.map { "FeatureExtractor/\($0)" }
    }
    builder.weights("BoxPredictor_0/ClassPredictor/weights", [1, 1, 256, 6], [Float](repeating: 0, count: 1536))
    builder.node(
      "BoxPredictor_0/ClassPredictor/Conv2D", "Conv2D",
      ["FeatureExtractor/input", "BoxPredictor_0/ClassPredictor/weights/read"])
    #expect(try refusal(try builder.bytes()).contains("is a detector on MobileNetV1"))
  }

  // MARK: Outputs

  private struct File: Decodable {
    struct Case: Decodable {
      let width, height, outputStride: Int
      let taps: [TensorGolden]
    }
    let cases: [Case]
  }

  /// Errors are relative, with a floor of 10% of the map's largest value: TensorFlow's outputs are fp32 too.
  private static let tolerance: Float = 1e-4

  /// The formula of the weights, as in `Tests/Golden/generate_mobilenet_v1.py`.
  private static func formula(_ name: String, _ shape: [Int]) -> [Float] {
    var random = SplitMix64(named: name)
    let units = (0..<shape.reduce(1, *)).map { _ in random.unit() }
    if shape.count > 1 {
      let inputs = shape.last == 1 ? 9 : shape.dropLast().reduce(1, *)
      let bound = Float((7 / Double(inputs)).squareRoot())
      return units.map { ($0 * 2 - 1) * bound }
    }
    if name.hasSuffix("moving_variance") { return units.map { $0 + 0.5 } }
    if name.hasSuffix("gamma") { return units.map { $0 * 0.8 + 0.6 } }
    return units.map { ($0 * 2 - 1) * 0.3 }
  }

  /// Compares an imported network with TensorFlow's outputs on the cases of that size, or on all cases of its output
  /// stride.
  private func check(_ model: ImportedModel, _ golden: String, side: Int? = nil, _ title: String) throws {
    let file = try Golden.load(golden, as: File.self)
    let network = try Network(model.card.backbone, weights: model.weights, session: Session(threads: 2))
    var graph = try Graph(model.card.backbone)
    graph.classifier(outputs: try #require(model.card.classifierOutputs))
    let classifier = try Network(graph, weights: model.weights, session: Session(threads: 2))
    let names = graph.taps.map(\.name).filter { !$0.hasSuffix("/depthwise") }
    var checked = 0
    for one in file.cases where one.outputStride == model.card.backbone.outputStride && (side ?? one.width) == one.width
    {
      let input = Synthetic.input(width: one.width, height: one.height)
      let maps = try network.features(of: input, taps: names.map { Tap($0) })
      #expect(one.taps.map(\.name) == names + ["logits"])
      var largest: Float = 0
      for tap in one.taps {
        let (shape, values): ([Int], [Float])
        if tap.name != "logits" {
          let map = maps[Tap(tap.name)]
          (shape, values) = ([map.shape.height, map.shape.width, map.shape.channels], map.tensor.values())
        } else {
          let logits = try classifier.outputs(of: input)[0].tensor.values()
          (shape, values) = ([1, 1, logits.count], logits)
        }
        #expect(shape == tap.shape, "\(title) \(tap.name)")
        let comparison = tap.compare(values, floor: 0.1)
        #expect(comparison.isWithin(Self.tolerance), "\(title), \(one.width)x\(one.height): \(comparison)")
        largest = max(largest, comparison.largestError)
      }
      checked += 1
      print("\(title), \(one.width)x\(one.height), output stride \(one.outputStride): largest error \(largest)")
    }
    #expect(checked > 0, "\(title)")
  }

  @Test(arguments: GraphBuilder.Norms.allCases, [8, 16, 32])
  func slimAgreesWithTensorFlow(norms: GraphBuilder.Norms, outputStride: Int) throws {
    let builder = GraphBuilder.mobileNetV1(outputStride: outputStride, norms: norms, formula: Self.formula)
    try check(try imported(try builder.bytes()), "mobilenet_v1_slim.json", "slim, \(norms)")
  }

  @Test func kerasAgreesWithTensorFlow() throws {
    let tensors = KerasCheckpoints.mobileNetV1(formula: Self.formula)
    try check(try imported(tensors.safetensors()), "mobilenet_v1_keras.json", "keras")
  }

  /// The folder of the checkpoints written by `generate_mobilenet_v1.py --files`.
  static let folder = Environment.value("BACKBONE_V1_FILES")

  @Test(.enabled(if: folder != nil, "needs BACKBONE_V1_FILES, a folder of generate_mobilenet_v1.py --files"))
  func filesOfTensorFlowAgree() throws {
    for (name, golden, side) in [
      ("slim.pb", "slim", nil), ("slim_spelt.pb", "slim", nil), ("slim_folded.pb", "slim", nil),
      ("slim.tflite", "slim", 193), ("slim_dilated.tflite", "slim", 193), ("keras.tflite", "keras", 224),
      ("keras.safetensors", "keras", nil),
    ] as [(String, String, Int?)] {
      let model = try Importer.importCheckpoint(path: "\(try #require(Self.folder))/\(name)")
      #expect(model.card.backbone.network == "mobilenet-v1" && model.card.classifierOutputs == 11)
      try check(model, "mobilenet_v1_\(golden).json", side: side, name)
    }
  }
}

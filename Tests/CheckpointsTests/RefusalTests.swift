import Checkpoints
import Files
import ModelFiles
import TestSupport
import Testing

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Refusals, with their reasons, of anything but a known network.
@Suite struct RefusalTests {
  private func refusal(_ bytes: [UInt8]) throws -> CheckpointError? {
    let file = try MappedFile(path: "bad", copying: bytes)
    do {
      _ = try Importer.importCheckpoint(file)
      return nil
    } catch {
      #expect(!error.description.contains("\n"))
      #expect(error.description.hasPrefix("bad: "))
      return error
    }
  }

  @Test func everythingThatIsMissingLeftOverOrMisshapenIsListed() throws {
    var tensors = TorchCheckpoints.torchvision()
    tensors.remove("features.7.conv.1.1.running_var")
    tensors.rename("features.3.conv.2.weight", "features.3.conv.9.weight")
    tensors.remove("features.5.conv.0.0.weight")
    tensors.add("features.5.conv.0.0.weight", [7, 8, 1, 1])
    tensors.remove("classifier.1.bias")
    tensors.add("classifier.1.bias", [11])
    #expect(
      try refusal(tensors.safetensors())
        == .mismatch(
          path: "bad", family: "torchvision",
          missing: ["features.3.conv.2.weight", "features.7.conv.1.1.running_var"],
          leftOver: ["features.3.conv.9.weight"],
          wrongShape: [
            "features.5.conv.0.0.weight [7, 8, 1, 1] instead of [48, 8, 1, 1]",
            "classifier.1.bias [11] instead of [10]",
          ]))
  }

  @Test func longListsAreCut() throws {
    var tensors = TorchCheckpoints.timm()
    for i in 0..<50 { tensors.add("extra.\(i).weight", [1]) }
    let text = try #require(try refusal(tensors.safetensors())).description
    #expect(text.contains("50 left over: extra.0.weight, ") && text.contains("and 30 more"))
  }

  @Test func namesOfNoFamilyAreShown() throws {
    var tensors = TestTensors()
    tensors.add("layer1.weight", [2])
    let text = try #require(try refusal(tensors.safetensors())).description
    #expect(text.contains("1 tensors: layer1.weight") && text.contains("torchvision"))
    #expect(try refusal(TestTensors().safetensors())?.description.contains("holds no tensors") == true)
  }

  @Test(arguments: [Float.nan, .infinity, -.infinity]) func valuesMustBeFinite(value: Float) throws {
    for name in ["features.4.conv.0.0.weight", "features.4.conv.0.1.bias", "classifier.1.weight"] {
      var tensors = TorchCheckpoints.torchvision()
      tensors.values[name]![3] = value
      #expect(try refusal(tensors.safetensors()) == .notFinite(path: "bad", name: name, index: 3, value: "\(value)"))
    }
  }

  @Test func variancesMustNotBeNegative() throws {
    var tensors = TorchCheckpoints.torchvision()
    tensors.values["features.9.conv.3.running_var"]![2] = -0.5
    #expect(
      try refusal(tensors.safetensors())
        == .notFinite(path: "bad", name: "features.9.conv.3.running_var", index: 2, value: "the variance -0.5"))
  }

  @Test func whatOverflowsWhileFoldingIsRefused() throws {
    var tensors = TorchCheckpoints.torchvision()
    tensors.values["features.0.0.weight"]![0] = 3e38
    tensors.values["features.0.1.weight"]![0] = 100
    let error = try #require(try refusal(tensors.safetensors()))
    #expect(error.description.contains("features.0.0.weight holds inf after folding"))
  }

  @Test func tinyValuesBecomeZeroAndAreCounted() throws {
    var tensors = TorchCheckpoints.torchvision()
    tensors.values["classifier.1.weight"]![0] = 0x1p-130
    tensors.values["classifier.1.bias"]![1] = -0x1p-140
    let model = try Importer.importCheckpoint(try MappedFile(path: "f", copying: tensors.safetensors()))
    #expect(model.summary.flushed == 2)
    #expect(model.weights.withValues("classifier.weight") { $0[0] } == 0)
  }

  @Test func otherTypesOfNumbersAreRefused() throws {
    let bytes = TorchCheckpoints.timm(outputs: nil).safetensors().replacing(Array("F32".utf8), with: Array("I32".utf8))
    #expect(try refusal(bytes)?.description.contains("holds I32 in the tensor") == true)
  }

  @Test func otherFormatsAreNamed() throws {
    for (bytes, word) in [
      ([0x50, 0x4b, 0x03, 0x04, 0, 0] as [UInt8], "pickle"), ([0x80, 0x02, 0x8a], "pickle"),
      ([0x89, 0x48, 0x44, 0x46], "HDF5"), ([0x1f, 0x8b, 8], "compressed"), ([], "neither"),
      (Array("hello".utf8), "neither"),
    ] { #expect(try refusal(bytes)?.description.contains(word) == true) }
  }

  @Test func missingFilesAndFoldersAreNamed() {
    #expect(throws: CheckpointError.file(.cannotOpen(path: "/nonexistent", errno: 2))) {
      try Importer.importCheckpoint(path: "/nonexistent")
    }
    #expect(throws: CheckpointError.file(.isDirectory(path: "/"))) { try Importer.importCheckpoint(path: "/") }
  }

  // MARK: Graphs

  /// Changes of one node that make the graph another network, and a part of the message.
  static let graphFaults: [(String, String, @Sendable (inout TFNode) -> Void)] = [
    (
      "MobilenetV2/Conv/Conv2D", "backbone.stem has stride 1 and dilation 1, expected stride 2",
      { $0.attributes["strides"] = GraphBuilder.list([1, 1, 1, 1]) }
    ),
    (
      "MobilenetV2/Conv/Conv2D", "padding VALID, expected padding SAME",
      { $0.attributes["padding"] = GraphBuilder.attribute { $0.string = Data("VALID".utf8) } }
    ),
    (
      "MobilenetV2/Conv/Conv2D", "NCHW, expected data format NHWC",
      { $0.attributes["data_format"] = GraphBuilder.attribute { $0.string = Data("NCHW".utf8) } }
    ),
    (
      "MobilenetV2/expanded_conv_4/depthwise/depthwise", "expected the same stride and dilation along both axes",
      { $0.attributes["strides"] = GraphBuilder.list([1, 2, 1, 1]) }
    ),
    (
      "MobilenetV2/expanded_conv_4/depthwise/depthwise", "expected the same stride",
      { $0.attributes["dilations"] = GraphBuilder.list([1, 0, 0, 1]) }
    ),
    (
      "MobilenetV2/expanded_conv_4/depthwise/depthwise", "stride 1 and dilation 2, expected stride 1 and dilation 1",
      { $0.attributes["dilations"] = GraphBuilder.list([1, 2, 2, 1]) }
    ),
    (
      "MobilenetV2/expanded_conv_4/depthwise/Relu6", "backbone.block4.depthwise has ReLU, expected ReLU6",
      { $0.op = "Relu" }
    ),
    (
      "MobilenetV2/Conv_1/BatchNorm/FusedBatchNorm", "made for training",
      { $0.attributes["is_training"] = nil }
    ),
    (
      "MobilenetV2/Conv_1/BatchNorm/FusedBatchNorm", "expected a batch norm with",
      { $0.inputs.swapAt(1, 2) }
    ),
    (
      "MobilenetV2/Conv_1/weights/read", "1 missing: MobilenetV2/Conv_1/weights",
      { $0.inputs = ["MobilenetV2/Conv_1/weights/read"] }
    ),
    ("MobilenetV2/Conv/weights/read", "is trained for 8 bits", { $0.op = "FakeQuantWithMinMaxVars" }),
    ("MobilenetV2/Logits/Conv2d_1c_1x1/BiasAdd", "classifier has none, expected a bias", { $0.op = "Sub" }),
  ]

  @Test(arguments: graphFaults.indices) func graphsThatComputeSomethingElseAreRefused(index: Int) throws {
    let (node, says, change) = RefusalTests.graphFaults[index]
    var builder = GraphBuilder.classifier()
    builder.change(node, change)
    let text = try #require(try refusal(try builder.bytes()), "\(says)").description
    // A removed bias is reported first as a missing tensor.
    #expect(text.contains(says) || text.contains("1 missing"), "\(text)")
  }

  /// Constants around a detector that a card cannot express.
  static let detectorFaults: [(String, @Sendable (inout GraphBuilder) -> Void)] = [
    ("Tanh", { $0.change("Postprocessor/convert_scores") { $0.op = "Tanh" } }),
    ("ResizeBicubic", { $0.change("Preprocessor/ResizeBilinear") { $0.op = "ResizeBicubic" } }),
    (
      "a fixed square input size",
      { builder in
        builder.integers("Preprocessor/other", [300, 400])
        builder.change("Preprocessor/ResizeBilinear") { $0.inputs[1] = "Preprocessor/other" }
      }
    ),
    (
      "the aspect ratios",
      { builder in
        builder.constant("MultipleGridAnchorGenerator/Sqrt/x", [3], [1, 2, 3])
        builder.node("MultipleGridAnchorGenerator/Sqrt", "Sqrt", ["MultipleGridAnchorGenerator/Sqrt/x"])
      }
    ),
    (
      "boxes a cell",
      { builder in
        builder.constant("MultipleGridAnchorGenerator/mul/x", [3], [0.1, 0.2, 0.2])
        builder.node("MultipleGridAnchorGenerator/mul", "Mul", ["MultipleGridAnchorGenerator/mul/x"])
      }
    ),
    (
      "one overlap threshold",
      { builder in
        builder.constant("Postprocessor/iou2", [], [0.5], packed: false)
        builder.node("Postprocessor/second", "NonMaxSuppressionV2", ["a", "b", "c", "Postprocessor/iou2"])
      }
    ),
  ]

  @Test(arguments: detectorFaults.indices) func detectorsThatACardCannotDescribeAreRefused(index: Int) throws {
    let (says, change) = RefusalTests.detectorFaults[index]
    var builder = GraphBuilder.detector()
    change(&builder)
    let text = try #require(try refusal(try builder.bytes()), "\(says)").description
    #expect(text.contains(says), "\(text)")
  }

  @Test func aGraphOfTooManyFieldsIsRefusedBeforeItIsDecoded() throws {
    func expect(_ bytes: [UInt8], at offset: Int, _ location: SourceLocation = #_sourceLocation) throws {
      let excess = LimitExcess(limit: .fields, allowed: 1_000_000, found: 1_000_001)
      #expect(
        try refusal(bytes) == .limit(path: "bad", offset: offset, excess), sourceLocation: location)
    }
    // Two bytes per node in the file, a hundred in memory.
    func pairs(_ byte: UInt8, _ count: Int) -> [UInt8] {
      var bytes = [UInt8](repeating: 0, count: 2 * count)
      for i in 0..<count { bytes[2 * i] = byte }
      return bytes
    }
    try expect(pairs(0x0a, 1_000_001), at: 2_000_000)
    // Many empty input names in one node, and many one-byte numbers in one list.
    func field(_ number: UInt8, _ inner: [UInt8]) -> [UInt8] {
      var bytes: [UInt8] = [number << 3 | 2]
      for place in 0..<4 {
        let bits = UInt8(inner.count >> (7 * place) & 0x7f)
        bytes.append(place < 3 ? bits | 0x80 : bits)
      }
      return bytes + inner
    }
    try expect(field(1, pairs(0x1a, 1_000_000)), at: 5 + 2 * 999_999)
    let list = field(1, field(3, [UInt8](repeating: 1, count: 1_000_000)))
    #expect(try refusal(field(1, field(5, field(2, list))))?.description.contains("Limits.fields") == true)
  }

  @Test func aConstantThatRepeatsOneValueForGigabytesIsRefused() throws {
    var builder = GraphBuilder.classifier(outputs: 1)
    let logits = "MobilenetV2/Logits/Conv2d_1c_1x1"
    for (name, shape) in [("\(logits)/weights", [1, 1, 1280, 1_500_000]), ("\(logits)/biases", [1_500_000])] {
      builder.change(name) { node in
        var tensor = TFTensorValue()
        tensor.type = 1
        tensor.shape = GraphBuilder.shape(shape)
        tensor.floats = [1]
        node.attributes["value"] = GraphBuilder.attribute { $0.tensor = tensor }
      }
    }
    #expect(try refusal(try builder.bytes())?.description.contains("repeats one value") == true)
  }

  // MARK: TensorFlow Lite

  @Test func eightBitModelsAreRefused() throws {
    var builder = TFLiteBuilder.classifier()
    builder.tensors[0][1] = .int8(3)
    #expect(try refusal(builder.file())?.description.contains("8-bit model; use the float one") == true)
    builder = TFLiteBuilder.classifier()
    // The stem's weight.
    builder.tensors[1][1] = .int8(9)
    #expect(try refusal(builder.file())?.description.contains("8-bit model (the tensor stem.weight)") == true)
  }

  /// Changes of a model that make it another network or a damaged file, and a part of the message.
  static let tfLiteFaults: [(String, @Sendable (inout TFLiteBuilder) -> Void)] = [
    ("schema version", { $0.version = 2 }),
    ("expected one input", { $0.inputs = [] }),
    ("a tensor that does not exist", { $0.inputs = [9999] }),
    ("a tensor that does not exist", { $0.operators[0].fields[1] = .integers([0, 1, 99_999]) }),
    ("backbone.stem has another", { $0.operators[0].code = 99 }),
    ("backbone.stem has another", { $0.operators[0].fields[1] = .integers([0, 1, -1]) }),
    ("backbone.stem has another", { $0.operators[0].fields[4] = nil }),
    ("one output", { $0.operators[0].fields[2] = .integers([]) }),
    ("unusable shape", { $0.tensors[0][0] = .integers([1, 0, 65, 3]) }),
    ("unusable shape", { $0.tensors[0][0] = .integers([1, 65, -65, 3]) }),
    ("unusable shape", { $0.tensors[0][0] = .integers([65536, 65536, 65536, 3]) }),
    ("too long", { $0.tensors[0][0] = .integers([Int](repeating: 1, count: 9)) }),
    ("expected the shape [1, N, N, 3]", { $0.tensors[0][0] = .integers([1, 65, 64, 3]) }),
    ("has no buffer", { $0.tensors[1][2] = .int32(1_000_000) }),
    ("has 860 bytes, expected 864", { $0.buffers[1] = [0: .bytes([UInt8](repeating: 0, count: 860))] }),
    ("outside the model's table", { $0.buffers[1] = [1: .uint64(4096), 2: .uint64(4096)] }),
    (
      "backbone.block0 has another operator, expected the sum",
      { builder in
        let sum = builder.operators.firstIndex { $0.code == TFLiteBuilder.Code.add }!
        builder.operators[sum].code = 41
      }
    ),
    (
      "expected an average over the whole map",
      { builder in
        let mean = builder.operators.firstIndex { $0.code == TFLiteBuilder.Code.mean }!
        builder.operators[mean].code = 2
      }
    ),
    (
      "expected no further operator",
      { builder in
        let softmax = builder.operators.firstIndex { $0.code == TFLiteBuilder.Code.softmax }!
        builder.operators[softmax].code = 14
      }
    ),
    (
      "left over: surplus",
      { builder in _ = builder.constant("surplus", [3]) }
    ),
    (
      "has 10109 tensors, the limit is 10000; raise Limits.tensors",
      { $0.buffers += [[Int: TFLiteBuilder.Value]](repeating: [:], count: 10_001) }
    ),
    (
      "has 10001 tensors, the limit is 10000; raise Limits.tensors",
      {
        $0.buffers += [[Int: TFLiteBuilder.Value]](repeating: [:], count: 5_000)
        $0.tensors += [[Int: TFLiteBuilder.Value]](repeating: [:], count: 5_000)
      }
    ),
  ]

  @Test(arguments: tfLiteFaults.indices) func modelsThatComputeSomethingElseAreRefused(index: Int) throws {
    let (says, change) = RefusalTests.tfLiteFaults[index]
    var builder = TFLiteBuilder.classifier()
    change(&builder)
    let text = try #require(try refusal(builder.file()), "\(says)").description
    #expect(text.contains(says), "\(text)")
  }

  @Test func segmentersOfAnotherStructureAreRefused() throws {
    for (says, change) in [
      (
        "the pooled and the 1x1 branch",
        { (builder: inout TFLiteBuilder) in
          let node = builder.operators.firstIndex { $0.code == TFLiteBuilder.Code.concatenation }!
          guard case .integers(let inputs)? = builder.operators[node].fields[1] else { return }
          builder.operators[node].fields[1] = .integers(inputs.reversed())
        }
      ),
      (
        "an average over the whole map",
        { builder in
          let node = builder.operators.firstIndex { $0.code == TFLiteBuilder.Code.pool }!
          builder.operators[node].fields[4] = .table([0: .int8(1), 3: .int32(2), 4: .int32(2)])
        }
      ),
      (
        "expected one enlargement",
        { builder in builder.outputs = [builder.resize(builder.outputs[0], to: 129)] }
      ),
    ] as [(String, (inout TFLiteBuilder) -> Void)] {
      var builder = TFLiteBuilder.deepLab()
      change(&builder)
      let text = try #require(try refusal(builder.file()), "\(says)").description
      #expect(text.contains(says), "\(text)")
    }
  }
}

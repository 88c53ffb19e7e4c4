import Checkpoints
import Files
import ModelFiles
import Tensors
import TestSupport
import Testing

/// Every family's names at a small width, imported as a whole.
@Suite struct FamilyTests {
  private func imported(_ bytes: [UInt8], _ overrides: ImportOverrides = ImportOverrides()) throws -> ImportedModel {
    try Importer.importCheckpoint(try MappedFile(path: "models/tiny.bin", copying: bytes), overrides: overrides)
  }

  /// The native tensors of a network of that width.
  private func expectShapes(_ model: ImportedModel, _ layers: [TestNetwork.Layer]) {
    var expected: [String: [Int]] = [:]
    for layer in layers {
      let name: String
      switch layer.place {
      case "stem", "last": name = "backbone.\(layer.place)"
      case "classifier": name = "classifier"
      case "pooling", "aspp", "projection", "logits": name = "deeplab.\(layer.place)"
      default:
        name = layer.place.first!.isNumber ? "backbone.block\(layer.place)" : "ssdlite.\(layer.place)"
      }
      let shape: [Int] =
        switch layer.kind {
        case .convolution: [3, 3, layer.inputs, layer.outputs]
        case .depthwise: [3, 3, layer.outputs]
        case .pointwise: [layer.inputs, layer.outputs]
        }
      expected["\(name).weight"] = shape
      expected["\(name).bias"] = [layer.outputs]
    }
    #expect(model.weights.entries.mapValues(\.shape) == expected)
    #expect(model.summary.parameters == expected.values.reduce(0) { $0 + $1.reduce(1, *) })
  }

  /// One folded value of a layer, computed from the checkpoint by hand.
  private func expectFold(
    _ model: ImportedModel, _ native: String, at index: Int, weight: Float, norm: [Float], epsilon: Double
  ) {
    let scale = Double(norm[0]) / (Double(norm[3]) + epsilon).squareRoot()
    let found = model.weights.withValues("\(native).weight") { $0[index] }
    #expect(found == Float(Double(weight) * scale))
    let bias = model.weights.withValues("\(native).bias") { $0[0] }
    #expect(bias == Float(Double(norm[1]) - Double(norm[2]) * scale))
  }

  @Test func torchvision() throws {
    let tensors = TorchCheckpoints.torchvision()
    let model = try imported(tensors.safetensors())
    expectShapes(model, TestNetwork.backbone() + TestNetwork.classifier(10))
    #expect(model.summary.family == .torchvision)
    #expect(model.summary.ignored.count == 52)
    #expect(model.card.name == "tiny" && model.card.task == .classify && model.card.classifierOutputs == 10)
    #expect(model.card.backbone.padding == .symmetric && model.card.backbone.batchNormEpsilon == 1e-5)
    #expect(model.card.backbone.widthMultiplier == TestNetwork.width && model.card.backbone.channelDivisor == 8)
    #expect(model.card.input.mean == [123.675, 116.28, 103.53] && model.card.input.resizeShortest == 256)
    // [out 0, in 5, row 1, column 2] of the stem's 8 outputs is element [1, 2, 1, 0] of the native layout.
    let norm = ["weight", "bias", "running_mean", "running_var"].map { tensors.values["features.0.1.\($0)"]![0] }
    expectFold(
      model, "backbone.stem", at: ((1 * 3 + 2) * 3 + 1) * 8, weight: tensors.values["features.0.0.weight"]![9 + 5],
      norm: norm, epsilon: 1e-5)
    // The depthwise weight of channel 0, row 2, column 1.
    let inner = ["weight", "bias", "running_mean", "running_var"].map {
      tensors.values["features.2.conv.1.1.\($0)"]![0]
    }
    expectFold(
      model, "backbone.block1.depthwise", at: (2 * 3 + 1) * 48,
      weight: tensors.values["features.2.conv.1.0.weight"]![7], norm: inner, epsilon: 1e-5)
    // The classifier has no batch norm; [out 3, in 7] becomes [7, 3].
    let value = model.weights.withValues("classifier.weight") { $0[7 * 10 + 3] }
    #expect(value == tensors.values["classifier.1.weight"]![3 * 1280 + 7])
  }

  @Test func torchvisionWithoutClassifier() throws {
    let model = try imported(TorchCheckpoints.torchvision(outputs: nil).safetensors())
    expectShapes(model, TestNetwork.backbone())
    #expect(model.card.task == .features && model.card.backbone.hasLastConvolution)
  }

  @Test func timm() throws {
    let model = try imported(TorchCheckpoints.timm().safetensors(), ImportOverrides(name: "my-timm", inputSize: 160))
    expectShapes(model, TestNetwork.backbone() + TestNetwork.classifier(10))
    #expect(model.summary.family == .timm && model.card.name == "my-timm")
    #expect(model.card.input.width == 160 && model.card.input.resizeShortest == 183)
    #expect(model.card.backbone.padding == .symmetric)
  }

  @Test func timmInBrainFloat() throws {
    let tensors = TorchCheckpoints.timm(outputs: nil)
    let model = try imported(tensors.safetensors(as: "BF16"))
    let exact = try imported(tensors.safetensors())
    for name in ["backbone.stem.weight", "backbone.block5.project.bias"] {
      let found = model.weights.withValues(name) { values in values.indices.map { values[$0] } }
      let expected = exact.weights.withValues(name) { values in values.indices.map { values[$0] } }
      let comparison = Comparison(name, found: found, expected: expected, floor: 1)
      print(comparison)
      #expect(comparison.largestError < 0.05)
    }
  }

  @Test(arguments: ["mobilenet_v2.", "", "model.backbone."]) func huggingFace(prefix: String) throws {
    let classifier = try imported(TorchCheckpoints.huggingFace(.classify, prefix: prefix).safetensors())
    expectShapes(classifier, TestNetwork.backbone() + TestNetwork.classifier(10))
    #expect(classifier.summary.family == .huggingFace)
    #expect(classifier.card.backbone.padding == .same && classifier.card.backbone.batchNormEpsilon == 1e-3)
    #expect(classifier.card.input.mean == [127.5, 127.5, 127.5])
    let features = try imported(TorchCheckpoints.huggingFace(.features, prefix: prefix).safetensors())
    #expect(features.card.task == .features)
    let tensors = TorchCheckpoints.huggingFace(.segment, prefix: prefix)
    let segmenter = try imported(tensors.safetensors())
    expectShapes(segmenter, TestNetwork.backbone(last: false) + TestNetwork.deepLab(21))
    #expect(segmenter.card.task == .segment && segmenter.card.backbone.outputStride == 8)
    #expect(!segmenter.card.backbone.hasLastConvolution)
    #expect(segmenter.card.segmentation?.batchNormEpsilon == 1e-5)
    #expect(segmenter.card.labels.map(\.name) == ClassNames.pascalVOC)
    #expect(segmenter.summary.ignored.contains("\(prefix)conv_1x1.convolution.weight"))
    let name = "segmentation_head.conv_aspp"
    let norm = ["weight", "bias", "running_mean", "running_var"].map {
      tensors.values["\(name).normalization.\($0)"]![0]
    }
    expectFold(
      segmenter, "deeplab.aspp", at: 5 * 256, weight: tensors.values["\(name).convolution.weight"]![5], norm: norm,
      epsilon: 1e-5)
  }

  @Test func slimClassifier() throws {
    var builder = GraphBuilder.classifier()
    let model = try imported(try builder.bytes())
    expectShapes(model, TestNetwork.backbone() + TestNetwork.classifier(10))
    #expect(model.summary.family == .tfSlim && model.card.task == .classify)
    #expect(model.card.backbone.padding == .same && model.card.backbone.outputStride == 32)
    #expect(model.card.backbone.batchNormEpsilon == 0.001)
    // The epsilon is taken from the graph; TensorFlow's default is 1e-4.
    let scope = "MobilenetV2/expanded_conv_3/project"
    builder.change("\(scope)/BatchNorm/FusedBatchNorm") { $0.attributes["epsilon"] = nil }
    let other = try imported(try builder.bytes())
    let names = ["gamma", "beta", "moving_mean", "moving_variance"]
    let norm = names.map { builder.tensors.values["\(scope)/BatchNorm/\($0)"]![0] }
    expectFold(
      other, "backbone.block3.project", at: 8, weight: builder.tensors.values["\(scope)/weights"]![8], norm: norm,
      epsilon: Double(Float(1e-4)))
  }

  @Test(arguments: [(8, false), (16, false), (16, true), (8, true), (32, false)])
  func deepLabGraph(outputStride: Int, spreads: Bool) throws {
    let builder = GraphBuilder.deepLab(outputStride: outputStride, spreads: spreads)
    let model = try imported(try builder.bytes())
    expectShapes(model, TestNetwork.backbone(last: false) + TestNetwork.deepLab(21))
    #expect(model.summary.family == .tfDeepLab && model.card.task == .segment)
    #expect(model.card.backbone.outputStride == outputStride)
    #expect(model.card.segmentation?.upsampling == .alignCorners && model.card.segmentation?.voidID == 255)
    #expect(model.card.backbone.batchNormEpsilon == 0.001 && model.card.segmentation?.batchNormEpsilon == 1e-5)
    #expect(model.card.input.width == 513 && model.card.input.fit == .letterbox)
  }

  @Test(arguments: [2, 91, 5]) func detectorGraph(outputs: Int) throws {
    let model = try imported(try GraphBuilder.detector(outputs: outputs).bytes())
    expectShapes(model, TestNetwork.backbone() + TestNetwork.ssdlite(outputs: outputs))
    #expect(model.summary.family == .tfObjectDetection && model.card.task == .detect)
    let detection = try #require(model.card.detection)
    #expect(detection.outputs == outputs && detection.backgroundOutput == 0 && detection.scoreActivation == .sigmoid)
    #expect(detection.boxCoder == [10, 10, 5, 5] && detection.maps == 6)
    #expect(detection.scoreThreshold == 0.3 && detection.iouThreshold == 0.6 && detection.maximumDetections == 100)
    #expect(model.card.input.width == 300 && model.card.input.grid == .legacy && model.card.input.fit == .stretch)
    #expect(model.card.input.mean == [127.5, 127.5, 127.5])
    switch outputs {
    case 91:
      #expect(model.card.labels.count == 80)
      #expect(model.card.labels.last == ClassLabel(output: 90, id: 90, name: "toothbrush"))
    default: #expect(model.card.labels.map(\.name) == (1..<outputs).map { "class-\($0)" })
    }
    let named = try imported(
      try GraphBuilder.detector(outputs: 3).bytes(), ImportOverrides(classes: ["cat", "dog"]))
    #expect(
      named.card.labels == [ClassLabel(output: 1, id: 1, name: "cat"), ClassLabel(output: 2, id: 2, name: "dog")])
  }

  @Test func tfLiteClassifier() throws {
    let model = try imported(TFLiteBuilder.classifier().file())
    expectShapes(model, TestNetwork.backbone() + TestNetwork.classifier(10))
    #expect(model.summary.family == .tfLite && model.card.task == .classify)
    #expect(model.card.backbone.padding == .same && model.card.backbone.batchNormEpsilon == 0)
    #expect(model.card.input.width == 65)
    // At size 65 both rules give the same padding; at size 64 explicit zeros on both sides are the symmetric rule.
    #expect(try imported(TFLiteBuilder.classifier(size: 65, pads: true).file()).card.backbone.padding == .same)
    #expect(try imported(TFLiteBuilder.classifier(size: 64, pads: true).file()).card.backbone.padding == .symmetric)
    #expect(try imported(TFLiteBuilder.classifier(size: 64).file()).card.backbone.padding == .same)
  }

  @Test(arguments: [8, 16, 32]) func tfLiteDeepLab(outputStride: Int) throws {
    let builder = TFLiteBuilder.deepLab(outputStride: outputStride)
    let model = try imported(builder.file())
    expectShapes(model, TestNetwork.backbone(last: false) + TestNetwork.deepLab(21))
    #expect(model.card.backbone.outputStride == outputStride && model.card.segmentation?.upsampling == .alignCorners)
    // [out, row, column, in] becomes [row, column, in, out].
    let stem = model.weights.withValues("backbone.stem.weight") { $0[((2 * 3 + 0) * 3 + 1) * 8 + 5] }
    #expect(stem == builder.values.values["stem.weight"]![((5 * 3 + 2) * 3 + 0) * 3 + 1])
  }
}

import Backbone
import DeepLabLite
import SSDLite
import TestSupport
import Testing

/// SSD with full convolutions and DeepLabV3 with atrous spatial pyramid pooling, held to PyTorch with the backbone below them.
@Suite struct HeadGoldenTests {
  private struct Recorded: Decodable {
    struct Case: Decodable {
      let network: NetworkFamily
      let head: String
      let width: Double
      let outputStride: Int
      let input: [Int]
      let outputs: Int
      let tensors: [TensorGolden]
    }
    let cases: [Case]
  }

  /// Errors are relative, with a floor of 10% of the largest value.
  private static let tolerance: Float = 1e-4

  private static func layout(_ one: Recorded.Case) -> NetworkLayout {
    let hasLast = one.head == "ssd"
    return one.network == .mobileNetV1
      ? .mobileNetV1(width: one.width, outputStride: one.outputStride)
      : .mobileNetV2(width: one.width, outputStride: one.outputStride, hasLastConvolution: hasLast)
  }

  private func check(_ golden: TensorGolden, _ values: [Float], _ title: String) {
    let comparison = golden.compare(values, floor: 0.1)
    print("\(title) \(comparison), tolerance \(Self.tolerance)")
    #expect(comparison.isWithin(Self.tolerance), "\(title) \(comparison)")
    let moments = TensorGolden.moments(values)
    #expect(abs(moments.mean - golden.mean) <= 1e-4 * golden.peak, "\(title) \(golden.name): the mean")
    #expect(abs(moments.deviation - golden.deviation) <= 1e-4 * golden.peak, "\(title) \(golden.name): the deviation")
  }

  @Test func headsAgreeWithPyTorch() throws {
    let golden = try Golden.load("heads_pytorch.json", as: Recorded.self)
    #expect(golden.cases.count == 10)
    for one in golden.cases {
      let layout = Self.layout(one)
      let isSSD = one.head == "ssd"
      let head =
        isSSD
        ? SSDLiteHead.parameters(outputs: one.outputs, layout: layout, .full)
        : DeepLabLiteHead.parameters(outputs: one.outputs, layout: layout, .aspp)
      let weights = Weights.formula(layout.parameters + head)
      let backbone = try Network(layout, weights: weights, compute: Compute(threads: 2))
      let input = Synthetic.input(width: one.input[1], height: one.input[0])
      let title = "\(one.network.rawValue) \(one.head) \(one.outputStride) \(one.input)"
      if isSSD {
        let logits = try SSDLiteHead(.test(one.outputs, .full), on: backbone, weights: weights)
          .run(on: backbone, input)
        check(one.tensors[0], logits.codes, title)
        check(one.tensors[1], logits.logits, title)
      } else {
        let logits = try DeepLabLiteHead(.test(one.outputs, .aspp), on: backbone, weights: weights)
          .run(on: backbone, input)
        check(one.tensors[0], logits.tensor.values(), title)
      }
    }
  }
}

extension Weights {
  /// Numbers that follow from the tensors' names, as `Tests/Golden/generate_heads.py` makes them.
  static func formula(_ parameters: [ParameterInfo]) -> Weights {
    var tensors: [String: (shape: [Int], values: [Float])] = [:]
    for parameter in parameters {
      let shape = parameter.shape
      var generator = SplitMix64(named: parameter.name)
      let inputs = shape.count == 3 ? 9 : shape.dropLast().reduce(1, *)
      let bound = shape.count == 1 ? 0.3 : Float((4.5 / Double(inputs)).squareRoot())
      tensors[parameter.name] = (
        shape, (0..<shape.reduce(1, *)).map { _ in (generator.unit() * 2 - 1) * bound }
      )
    }
    return Weights(source: "numbers by formula", tensors: tensors)
  }
}

extension DetectionCard {
  static func test(_ outputs: Int, _ convolutions: Convolutions?) -> DetectionCard {
    DetectionCard(
      outputs: outputs, scoreActivation: .sigmoid, backgroundOutput: 0, boxCoder: [10, 10, 5, 5], minimumScale: 0.2,
      maximumScale: 0.95, maps: 6, scoreThreshold: 0.3, iouThreshold: 0.6, maximumDetections: 100,
      convolutions: convolutions)
  }
}

extension SegmentationCard {
  static func test(_ outputs: Int, _ branches: Branches?) -> SegmentationCard {
    SegmentationCard(
      outputs: outputs, backgroundID: 0, voidID: 255, upsampling: .alignCorners, batchNormEpsilon: 1e-5,
      branches: branches)
  }
}

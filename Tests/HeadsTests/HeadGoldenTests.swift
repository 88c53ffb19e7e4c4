import Backbone
import DeepLabLite
import SSDLite
import TestSupport
import Testing

/// SSD with full convolutions and DeepLabV3 with atrous spatial pyramid pooling, each with its backbone, against
/// PyTorch.
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
      var graph = layout.graph
      if isSSD {
        try graph.ssdlite(outputs: one.outputs, width: one.width, .full)
      } else {
        try graph.deepLabLite(outputs: one.outputs, .aspp)
      }
      let network = try Network(
        graph, weights: Weights.formula(graph.parameters), session: Session(threads: 2))
      let input = Synthetic.input(width: one.input[1], height: one.input[0])
      let title = "\(one.network.rawValue) \(one.head) \(one.outputStride) \(one.input)"
      if isSSD {
        let logits = try BoxLogits(network, input, outputs: one.outputs)
        check(one.tensors[0], logits.codes, title)
        check(one.tensors[1], logits.logits, title)
      } else {
        check(one.tensors[0], try network.outputs(of: input)[0].tensor.values(), title)
      }
    }
  }
}

extension Weights {
  /// The formula of the weights, as in `Tests/Golden/generate_heads.py`.
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

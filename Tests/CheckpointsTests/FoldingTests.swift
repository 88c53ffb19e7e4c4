import Checkpoints
import TestSupport
import Testing

/// PyTorch's own folding, recorded by `Tests/Golden/generate_folding.py`.
@Suite struct FoldingTests {
  struct Case: Decodable {
    let kind: String
    let inputs, outputs: Int
    let epsilon: Double
    let weight, gamma, beta, mean, variance, foldedWeight, foldedBias: [Float]
  }

  @Test func batchNormFoldsAsInPyTorch() throws {
    for golden in try Golden.load("folding_pytorch.json", as: [Case].self) {
      let kind: PlannedLayer.Kind =
        switch golden.kind {
        case "convolution": .convolution
        case "depthwise": .depthwise
        default: .pointwise
        }
      let layer = PlannedLayer(.stem, kind, golden.inputs, golden.outputs)
      var weight = Layout.torch.native(golden.weight, layer)
      let fold = BatchNormFold(
        gamma: golden.gamma, beta: golden.beta, mean: golden.mean, variance: golden.variance, epsilon: golden.epsilon)
      fold.scale(&weight)
      let label = "\(golden.kind) \(golden.inputs) to \(golden.outputs), epsilon \(golden.epsilon)"
      for comparison in [
        Comparison("\(label), weight", found: weight, expected: golden.foldedWeight, floor: 1e-3),
        Comparison("\(label), bias", found: fold.bias, expected: golden.foldedBias, floor: 1e-3),
      ] {
        print(comparison)
        // The final rounding may go either way.
        #expect(comparison.largestError <= 1.2e-7)
      }
    }
  }

  /// Element (output 1, input 0, row 2, column 1) of a small weight, in each family's order.
  @Test func layoutsPutEveryElementInItsPlace() {
    let convolution = PlannedLayer(.stem, .convolution, 2, 3)
    func marked(_ index: Int, of count: Int) -> [Float] { (0..<count).map { $0 == index ? 1 : 0 } }
    // [height 3, width 3, in 2, out 3].
    let place = ((2 * 3 + 1) * 2 + 0) * 3 + 1
    #expect(Layout.tensorFlow.native(marked(place, of: 54), convolution).firstIndex(of: 1) == place)
    #expect(Layout.torch.native(marked(((1 * 2 + 0) * 3 + 2) * 3 + 1, of: 54), convolution).firstIndex(of: 1) == place)
    #expect(Layout.tfLite.native(marked(((1 * 3 + 2) * 3 + 1) * 2 + 0, of: 54), convolution).firstIndex(of: 1) == place)
    let depthwise = PlannedLayer(.depthwise(1), .depthwise, 3, 3)
    let inner = (2 * 3 + 1) * 3 + 1
    #expect(Layout.tensorFlow.native(marked(inner, of: 27), depthwise).firstIndex(of: 1) == inner)
    #expect(Layout.tfLite.native(marked(inner, of: 27), depthwise).firstIndex(of: 1) == inner)
    #expect(Layout.torch.native(marked((1 * 3 + 2) * 3 + 1, of: 27), depthwise).firstIndex(of: 1) == inner)
    let pointwise = PlannedLayer(.last, .pointwise, 2, 3)
    #expect(Layout.tensorFlow.native(marked(4, of: 6), pointwise).firstIndex(of: 1) == 4)
    for layout in [Layout.torch, .tfLite] {
      #expect(layout.native([0, 1, 2, 3, 4, 5], pointwise) == [0, 2, 4, 1, 3, 5])
    }
  }
}

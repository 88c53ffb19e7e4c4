import Backbone
import HeadKit
import Kernels
import ModelFiles
import Tensors

/// What says box codes and class logits of every default box of one map: separable, where both share a pass over the map,
/// or two full 3x3 convolutions.
enum MapPredictors: Sendable {
  case separable(FusedLayer)
  case full(boxes: Convolution3x3, classes: Convolution3x3)

  /// Takes the weights `NAME.box` and `NAME.class`.
  ///
  /// - Parameter boxes: default boxes at each pixel.
  init(
    _ convolutions: DetectionCard.Convolutions, _ name: String, inputs: Int, boxes: Int, outputs: Int, padding: Padding,
    weights: Weights, compute: Compute
  ) throws(WeightsError) {
    switch convolutions {
    case .separable:
      let branches = try [("box", 4), ("class", outputs)].map { (kind, values) throws(WeightsError) in
        try SeparablePredictor.branch(
          "\(name).\(kind)", inputs: inputs, outputs: boxes * values, weights: weights, compute: compute)
      }
      self = .separable(
        FusedLayer(
          FusedBlock(compute.kernels, source: .map(channels: inputs), branches: branches), padding: padding,
          compute: compute))
    case .full:
      func convolution(_ kind: String, _ values: Int) throws(WeightsError) -> Convolution3x3 {
        try Convolution3x3(
          "\(name).\(kind)", inputs: inputs, outputs: boxes * values, padding: padding, activation: .linear,
          weights: weights, compute: compute)
      }
      self = .full(boxes: try convolution("box", 4), classes: try convolution("class", outputs))
    }
  }

  /// Predicts from a map, whose batch is 1.
  @unsafe func run(
    _ map: borrowing Tensor, codes: UnsafeMutableBufferPointer<Float>, logits: UnsafeMutableBufferPointer<Float>
  ) {
    switch self {
    case .separable(let layer): unsafe layer.run(map, first: codes, second: logits)
    case .full(let boxes, let classes):
      unsafe boxes.run(map, to: codes.baseAddress!, stride: boxes.outputs)
      unsafe classes.run(map, to: logits.baseAddress!, stride: classes.outputs)
    }
  }

  func costs(_ name: String, on shape: Shape) -> [LayerCost] {
    switch self {
    case .separable(let layer):
      return zip(["box", "class"], layer.block.branches).flatMap { kind, branch in
        SeparablePredictor.costs("\(name)/\(kind)", outputs: branch.outputs, on: shape)
      }
    case .full(let boxes, let classes):
      return [boxes.cost("\(name)/box", on: shape), classes.cost("\(name)/class", on: shape)]
    }
  }

  /// Multiply-adds of the plain network that are not done, since their taps lie outside the map.
  func sparedMultiplyAdds(on shape: Shape) -> Int {
    guard case .full(let boxes, let classes) = self else { return 0 }
    return boxes.sparedMultiplyAdds(on: shape) + classes.sparedMultiplyAdds(on: shape)
  }

  static func parameters(
    _ convolutions: DetectionCard.Convolutions, _ name: String, inputs: Int, boxes: Int, outputs: Int
  ) -> [ParameterInfo] {
    [("box", boxes * 4), ("class", boxes * outputs)].flatMap { kind, values in
      convolutions == .full
        ? Convolution3x3.parameters("\(name).\(kind)", inputs: inputs, outputs: values)
        : SeparablePredictor.parameters("\(name).\(kind)", inputs: inputs, outputs: values)
    }
  }
}

import Kernels
import Tensors

/// What one layer costs, counted as the paper counts: a multiply-add is one operation, biases count as parameters.
public struct LayerCost: Hashable, Sendable {
  public let name: String
  /// The shape of its output.
  public let output: Shape
  public let parameters: Int
  public let multiplyAdds: Int

  public init(name: String, output: Shape, parameters: Int, multiplyAdds: Int) {
    self.name = name
    self.output = output
    self.parameters = parameters
    self.multiplyAdds = multiplyAdds
  }

  /// A dense convolution or product with `taps` kernel positions; in groups, each output sees its group's inputs.
  public static func convolution(_ name: String, inputs: Int, output: Shape, taps: Int = 1, groups: Int = 1)
    -> LayerCost
  {
    let weights = taps * inputs / groups * output.channels
    return LayerCost(
      name: name, output: output, parameters: weights + output.channels, multiplyAdds: weights * output.pixels)
  }

  /// A 3x3 depthwise convolution.
  public static func depthwise(_ name: String, output: Shape) -> LayerCost {
    LayerCost(
      name: name, output: output, parameters: 10 * output.channels, multiplyAdds: 9 * output.channels * output.pixels)
  }
}

extension NetworkLayout {
  /// The cost of every layer for an input of that size.
  public func costs(height: Int, width: Int) -> [LayerCost] {
    let (stem, geometries) = geometries(height: height, width: width)
    var costs = [
      LayerCost.convolution(
        "stem", inputs: 3, output: Shape(height: stem.outHeight, width: stem.outWidth, channels: stemChannels), taps: 9)
    ]
    for (block, g) in zip(blocks, geometries) {
      let name = "block\(block.index)"
      let wide = Shape(height: g.height, width: g.width, channels: block.expanded)
      let filtered = Shape(height: g.outHeight, width: g.outWidth, channels: block.expanded)
      if block.hasExpansion {
        costs.append(
          .convolution("\(name)/expand", inputs: block.inputs, output: wide, groups: block.expansionGroups))
      }
      costs.append(.depthwise("\(name)/depthwise", output: filtered))
      costs.append(
        .convolution(
          "\(name)/project", inputs: block.expanded, output: filtered.with(channels: block.projected),
          groups: block.projectionGroups))
    }
    if let lastChannels, let g = geometries.last {
      costs.append(
        .convolution(
          "last", inputs: blocks.last!.outputs,
          output: Shape(height: g.outHeight, width: g.outWidth, channels: lastChannels)))
    }
    return costs
  }
}

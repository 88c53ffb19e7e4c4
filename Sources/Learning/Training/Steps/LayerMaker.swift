import Graphs
import Kernels
import ModelFiles
import Tensors

/// The factory of the training steps of a graph's operations, with their parameters.
struct LayerMaker {
  let kernels: TrainingKernels
  let parameters: ParameterSet
  let weights: Weights?
  let initializer: Initializer

  /// The number of the backbone's block in a layer's name; the stem counts as the block before all others, the last
  /// convolution as the one behind.
  private static func block(of name: String) -> Int? {
    let parts = name.split(separator: ".")
    guard parts.first == "backbone", parts.count > 1 else { return nil }
    if parts[1] == "stem" { return -1 }
    return parts[1].hasPrefix("block") ? Int(parts[1].dropFirst(5)) : Int.max
  }

  /// The training step of an operation, forward and backward; `nil` for an input.
  ///
  /// - Throws: `WeightsError` where the weights are of another network.
  func step(_ operation: Graph.Operation, _ inputs: [LayerMap], _ output: LayerMap) throws(WeightsError)
    -> (any TrainingStep)?
  {
    switch operation {
    case .input: return nil
    case .convolution(var convolution):
      let activation = convolution.activation
      guard activation.clamp == nil else { return try self.convolution(convolution, inputs[0], output) }
      convolution.activation = .linear
      return try ActivatedStep(kernels, activation, output) { [convolution] map throws(WeightsError) in
        try self.convolution(convolution, inputs[0], map)
      }
    case .add(let activation):
      guard activation.clamp == nil else { return AddStep(kernels, inputs[0], inputs[1], output, activation) }
      return ActivatedStep(kernels, activation, output) { AddStep(kernels, inputs[0], inputs[1], $0, .linear) }
    case .activation(let activation): return ActivationStep(kernels, inputs[0], output, activation)
    case .concatenation: return ConcatenateStep(kernels, inputs, output)
    case .pooling(let pooling): return WindowPoolingStep(kernels, inputs[0], output, pooling)
    case .globalPooling: return PoolingStep(kernels, inputs[0], output)
    case .scale: return ScaleStep(kernels, inputs[0], by: inputs[1], output)
    case .resize(let grid): return ResizeStep(kernels, inputs[0], output, grid)
    case .shuffle(let groups): return ShuffleStep(kernels, inputs[0], output, groups: groups)
    }
  }

  /// The step of a block whose inner values are not kept.
  ///
  /// - Throws: `WeightsError` where the weights are of another network.
  func step(_ block: BlockPattern, of graph: Graph, _ input: LayerMap, _ output: LayerMap) throws(WeightsError)
    -> BlockStep
  {
    func convolution(_ node: Int) -> Graph.Convolution {
      guard case .convolution(let c) = graph.nodes[node].operation else { preconditionFailure("node \(node)") }
      return c
    }
    func layer(_ node: Int) throws(WeightsError) -> BlockStep.Layer {
      let own = try parameters(of: convolution(node))
      return (own.weight, own.bias!)
    }
    let (depthwise, project) = (convolution(block.depthwise), convolution(block.project))
    let expand = try block.expand.map { node throws(WeightsError) in try layer(node) }
    return BlockStep(
      kernels,
      BlockGradients(
        kernels, depthwise.window.geometry(height: input.shape.height, width: input.shape.width),
        pictures: input.shape.batch, inputs: input.shape.channels, expanded: depthwise.outputs,
        outputs: project.outputs, hasExpansion: expand != nil,
        activations: (block.expand.map { convolution($0).activation } ?? .linear, depthwise.activation)),
      input, output, expand: expand, depthwise: try layer(block.depthwise), project: try layer(block.project))
  }

  private func convolution(_ c: Graph.Convolution, _ input: LayerMap, _ output: LayerMap) throws(WeightsError)
    -> ConvolutionStep
  {
    let own = try parameters(of: c)
    return ConvolutionStep(
      kernels, c, input, output, weight: own.weight, bias: own.bias, normalisation: own.normalisation)
  }

  /// A convolution's weights, and its bias or batch norm.
  private func parameters(of c: Graph.Convolution) throws(WeightsError)
    -> (weight: Parameter, bias: Parameter?, normalisation: Normalisation?)
  {
    let weightName = "\(c.name).weight"
    var known: (weight: [Float], bias: [Float])?
    if !c.isNormalised, let weights, weights.contains(weightName) {
      known = (
        try weights.values(weightName, shape: c.weightShape),
        try weights.values("\(c.name).bias", shape: [c.outputs])
      )
    }
    let count = c.weightShape.reduce(1, *)
    let fanIn = c.window.taps * c.inputs / c.groups
    func parameter(_ name: String, _ shape: [Int], _ values: [Float], decays: Bool) -> Parameter {
      let parameter = Parameter(
        name: name, shape: shape, values: values, decays: decays,
        block: known == nil ? nil : LayerMaker.block(of: c.name))
      parameters.add(parameter)
      return parameter
    }
    let weight = parameter(
      weightName, c.weightShape, known?.weight ?? initializer.weights(weightName, count: count, fanIn: fanIn),
      decays: true)
    let zeros = [Float](repeating: 0, count: c.outputs)
    let ones = [Float](repeating: 1, count: c.outputs)
    guard c.isNormalised else {
      let bias = parameter("\(c.name).bias", [c.outputs], known?.bias ?? zeros, decays: false)
      return (weight, bias, nil)
    }
    let normalisation = Normalisation(
      gamma: parameter("\(c.name).gamma", [c.outputs], ones, decays: false),
      beta: parameter("\(c.name).beta", [c.outputs], zeros, decays: false),
      mean: parameters.add(measured: "\(c.name).mean", zeros),
      variance: parameters.add(measured: "\(c.name).variance", ones))
    return (weight, nil, normalisation)
  }
}

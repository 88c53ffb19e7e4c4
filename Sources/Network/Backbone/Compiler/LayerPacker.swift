import Graphs
import Kernels
import ModelFiles
import Tensors

/// A pass with its weights packed for one instruction set, as a plan runs it.
enum PackedWork: Sendable {
  case fused(FusedBlock)
  case product(PackedPointwise)
  case chain(PointwiseChain, addends: [Int?])
  /// One for each group.
  case convolution([PackedConvolution])
  case depthwise(PackedWindow)
  /// A pass without weights.
  case plain
}

/// The packing of passes' weights, from the tensors `NAME.weight` and `NAME.bias`.
struct LayerPacker {
  let graph: Graph
  let channels: [Int]
  let weights: Weights
  let kernels: KernelSet
  let format: ElementFormat

  /// - Throws: `WeightsError` when a tensor is missing or has another shape.
  func pack(_ pass: Pass) throws(WeightsError) -> PackedWork {
    switch pass.work {
    case .fused(let source, let branches, let shuffle, let hasSkip):
      return .fused(try block(pass, source, branches, shuffle: shuffle, hasSkip: hasSkip))
    case .product(let product): return .product(try pack(product))
    case .chain(let products, let addends):
      var layers: [PackedPointwise] = []
      for product in products { layers.append(try pack(product)) }
      return .chain(PointwiseChain(layers), addends: addends)
    case .convolution(let index): return .convolution(try groups(convolution(index)))
    case .depthwise(let index):
      let c = convolution(index)
      return .depthwise(
        try with(c) { weights, bias in
          PackedWindow(
            kernels, channels: c.outputs, taps: c.window.taps, weights: weights, bias: bias,
            activation: c.activation.clamp == nil ? .linear : c.activation)
        })
    case .pooling(.average(let window)):
      return .depthwise(.mean(kernels, channels: channels[pass.writes[0]], taps: window.taps))
    case .pooling(.maximum), .globalPooling, .add, .scale, .activation, .resize, .shuffle, .copy: return .plain
    }
  }

  /// The stride of a depthwise convolution's output pixels in elements, where they need not be contiguous.
  ///
  /// A GEMM reads several pixels at once. Where they lie a multiple of 2 KiB apart, their cache lines fall into the
  /// same few sets and push each other out.
  static func spread(_ channels: Int, _ format: ElementFormat) -> Int {
    channels * format.activation % 2048 == 0 ? channels + 64 / format.activation : channels
  }

  private func convolution(_ index: Int) -> Graph.Convolution {
    graph.convolution(at: index)!
  }

  // MARK: Blocks

  private func block(
    _ pass: Pass, _ source: Int?, _ branches: [Pass.Branch], shuffle: Int?, hasSkip: Bool
  ) throws(WeightsError) -> FusedBlock {
    let made = try self.source(source, of: channels[pass.reads[0]])
    var packed: [FusedBlock.Branch] = []
    for branch in branches {
      if let shuffle, let project = branch.project {
        packed.append(
          try shuffled(convolution(branch.filter), convolution(project.node), project.activation, shuffle, made.groups))
      } else {
        let project = try branch.project.map { (product) throws(WeightsError) in try pack(product) }
        packed.append(FusedBlock.Branch(try filter(branch.filter), projects: project.map { [$0] } ?? []))
      }
    }
    let input = channels[pass.reads[0]]
    return FusedBlock(
      kernels, source: made, branches: packed, hasSkip: hasSkip,
      channels: pass.placement.map { FusedBlock.Channels(first: $0.first, of: channels[$0.value]) },
      sourceStride: pass.readsSpread ? LayerPacker.spread(input, format) : nil,
      answerStride: pass.isSpread ? LayerPacker.spread(channels[pass.writes[0]], format) : nil)
  }

  private func source(_ index: Int?, of channels: Int) throws(WeightsError) -> FusedBlock.Source {
    guard let index else { return .map(channels: channels) }
    let c = convolution(index)
    let packed = try with(c) { weights, bias in
      PackedPointwise(
        kernels, inputs: c.window.taps * c.inputs / c.groups, outputs: c.outputs, weights: weights, bias: bias,
        activation: c.activation, wholeVectors: true, groups: c.groups)
    }
    return c.isPointwise ? .pointwise(packed) : .convolution(packed, channels: c.inputs)
  }

  private func filter(_ index: Int) throws(WeightsError) -> FusedBlock.Filter {
    let node = graph.nodes[index]
    switch node.operation {
    case .pooling(.maximum): return .maximum(channels: node.channels)
    case .pooling(.average):
      let weights = [Float](repeating: 1 / 9, count: 9 * node.channels)
      let zeros = [Float](repeating: 0, count: node.channels)
      return .depthwise(
        PackedDepthwise(
          kernels, channels: node.channels, weights: weights.span, bias: zeros.span, activation: .linear))
    default:
      let c = convolution(index)
      return .depthwise(
        try with(c) { weights, bias in
          PackedDepthwise(
            kernels, channels: c.outputs, weights: weights, bias: bias,
            activation: c.activation.clamp == nil ? .linear : c.activation)
        })
    }
  }

  // MARK: Convolutions

  private func pack(_ product: Pass.Product) throws(WeightsError) -> PackedPointwise {
    let c = convolution(product.node)
    let rows = product.rows ?? 0..<c.inputs
    let zeros = [Float](repeating: 0, count: product.isBiased ? 0 : c.outputs)
    return try with(c) { weights, bias in
      PackedPointwise(
        kernels, inputs: rows.count, outputs: c.outputs,
        weights: weights.extracting(rows.lowerBound * c.outputs..<rows.upperBound * c.outputs),
        bias: product.isBiased ? bias : zeros.span, activation: product.activation)
    }
  }

  /// A convolution of a map, one for each group.
  private func groups(_ c: Graph.Convolution) throws(WeightsError) -> [PackedConvolution] {
    let activation = c.activation.clamp == nil ? .linear : c.activation
    let (inputs, outputs) = (c.inputs / c.groups, c.outputs / c.groups)
    return try with(c) { weights, bias in
      (0..<c.groups).map { group in
        PackedConvolution(
          kernels, inputs: inputs, outputs: outputs, taps: c.window.taps, weights: weights, bias: bias,
          first: group * outputs, activation: activation)
      }
    }
  }

  func with<Layer>(_ c: Graph.Convolution, _ make: (Span<Float>, Span<Float>) -> Layer) throws(WeightsError) -> Layer {
    let result = try weights.withTensor("\(c.name).weight", shape: c.weightShape) { weight in
      Result { () throws(WeightsError) in
        try weights.withTensor("\(c.name).bias", shape: [c.outputs]) { bias in make(weight, bias) }
      }
    }
    return try result.get()
  }
}

// MARK: ShuffleNet

extension LayerPacker {
  /// The depthwise convolution and the grouped 1x1 convolution of shuffled channels, which read the channels before the
  /// shuffle.
  ///
  /// - Parameters:
  ///   - groups: of the shuffle and of the last convolution.
  ///   - sourceGroups: of the convolution before, whose channels lie in whole panels.
  private func shuffled(
    _ filter: Graph.Convolution, _ project: Graph.Convolution, _ activation: Activation, _ groups: Int,
    _ sourceGroups: Int
  ) throws(WeightsError) -> FusedBlock.Branch {
    let channels = filter.outputs
    let depthwise = try with(filter) { weights, bias in
      let each = channels / groups
      // The destination of each channel under the shuffle.
      let places = (0..<channels).map { $0 % each * groups + $0 / each }
      let moved = (0..<9).flatMap { tap in places.map { weights[tap * channels + $0] } }
      let movedBias = places.map { bias[$0] }
      return PackedDepthwise(
        kernels, channels: channels, weights: moved.span, bias: movedBias.span, activation: filter.activation,
        groups: sourceGroups)
    }
    return FusedBlock.Branch(
      .depthwise(depthwise), projects: try segments(project, activation, groups: groups, sourceGroups: sourceGroups))
  }

  /// A grouped 1x1 convolution over shuffled channels, one GEMM for each group.
  ///
  /// The shuffle lays the groups' channels out in turn: channel `j` of group `i` becomes channel `j * groups + i`. So
  /// the inputs of one GEMM are a run of channels of every group, each run a segment of its sum. Shorter runs are
  /// padded with weights of zero.
  /// Source: "ShuffleNet", section 3.1.
  private func segments(
    _ c: Graph.Convolution, _ activation: Activation, groups: Int, sourceGroups: Int
  ) throws(WeightsError) -> [PackedPointwise] {
    let panel = format.panel
    let each = c.inputs / groups
    // The offset of a channel in the depthwise output.
    let room = sourceGroups == 1 ? each : (each + panel - 1) / panel * panel
    return try with(c) { weights, bias in
      (0..<groups).map { group in
        let columns = c.outputs / groups
        let count = (each + groups - 1) / groups
        var segments: [Int] = []
        var rows: [Float] = []
        for source in 0..<groups {
          // The first channel j of the source with j * groups + source >= group * each, and the first beyond.
          let first = max(group * each - source + groups - 1, 0) / groups
          let end = max((group + 1) * each - source + groups - 1, 0) / groups
          let start = min(first, each - count)
          segments.append(source * room + start)
          for j in start..<start + count {
            let isOwn = first <= j && j < end
            let row = j * groups + source - group * each
            for column in group * columns..<(group + 1) * columns {
              rows.append(isOwn ? weights[row * c.outputs + column] : 0)
            }
          }
        }
        let ownBias = (group * columns..<(group + 1) * columns).map { bias[$0] }
        return PackedPointwise(
          kernels, inputs: count * groups, outputs: columns, weights: rows.span, bias: ownBias.span,
          activation: activation, segments: segments)
      }
    }
  }
}

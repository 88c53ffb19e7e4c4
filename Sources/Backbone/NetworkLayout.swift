import Kernels
import ModelFiles
import Tensors

/// One inverted residual of a network, with the numbers that follow from width and output stride.
public struct BlockLayout: Hashable, Sendable {
  /// Its place in the paper's table, from 0 to 16.
  public let index: Int
  public let inputs: Int
  /// Channels inside; equal to `inputs` for block 0, which has no expansion.
  public let expanded: Int
  public let outputs: Int
  public let stride: Int
  public let dilation: Int
  /// Input pixels between neighbouring output pixels.
  public let outputStride: Int

  public var hasExpansion: Bool { expanded != inputs }
  /// Whether the input is added to the output: same size, same channels.
  public var hasSkip: Bool { stride == 1 && inputs == outputs }
}

/// A tensor that a network needs.
public struct ParameterInfo: Hashable, Sendable {
  public let name: String
  public let shape: [Int]

  public init(name: String, shape: [Int]) {
    self.name = name
    self.shape = shape
  }
}

/// MobileNetV2 for one width and output stride: the paper's table, worked out.
public struct NetworkLayout: Hashable, Sendable {
  public let width: WidthMultiplier
  public let outputStride: Int
  public let padding: Padding
  public let stemChannels: Int
  public let blocks: [BlockLayout]
  /// Channels of the last convolution, or `nil` where the network ends with block 16.
  public let lastChannels: Int?

  /// Lays out the network that a card describes; its output stride must be 8, 16 or 32.
  public init(_ card: BackboneCard) {
    self.init(
      width: card.widthMultiplier, divisor: card.channelDivisor, outputStride: card.outputStride,
      padding: card.padding, hasLastConvolution: card.hasLastConvolution)
  }

  /// Lays out a network.
  ///
  /// Where the output stride is reached, a block keeps its pixels and its old dilation, and later ones dilate.
  /// Source: paper, section 6.3; TF-slim's `mobilenet_base`.
  public init(
    width: Double = 1, divisor: Int = 8, outputStride: Int = 32, padding: Padding = .same,
    hasLastConvolution: Bool = true
  ) {
    precondition([8, 16, 32].contains(outputStride), "an output stride of \(outputStride), expected 8, 16 or 32")
    let multiplier = WidthMultiplier(width, divisor: divisor)
    var blocks: [BlockLayout] = []
    var channels = multiplier(PaperTable.stemChannels)
    stemChannels = channels
    var reached = 2
    var dilation = 1
    for row in PaperTable.bottlenecks {
      let outputs = multiplier(row.channels)
      for repeatIndex in 0..<row.repeats {
        var stride = repeatIndex == 0 ? row.stride : 1
        let blockDilation = dilation
        if stride == 2 && reached == outputStride {
          stride = 1
          dilation *= 2
        }
        reached *= stride
        blocks.append(
          BlockLayout(
            index: blocks.count, inputs: channels, expanded: multiplier.expanded(channels, by: row.expansion),
            outputs: outputs, stride: stride, dilation: blockDilation, outputStride: reached))
        channels = outputs
      }
    }
    self.width = multiplier
    self.outputStride = outputStride
    self.padding = padding
    self.blocks = blocks
    lastChannels = hasLastConvolution ? multiplier.last(PaperTable.lastChannels) : nil
  }

  /// Every tap of the network, shallow to deep.
  public var taps: [TapInfo] {
    var taps = [TapInfo(tap: .stem, channels: stemChannels, stride: 2)]
    var stride = 2
    for block in blocks {
      if block.hasExpansion {
        taps.append(TapInfo(tap: .expansion(block.index), channels: block.expanded, stride: stride))
      }
      stride = block.outputStride
      taps.append(TapInfo(tap: .block(block.index), channels: block.outputs, stride: stride))
    }
    if let lastChannels { taps.append(TapInfo(tap: .last, channels: lastChannels, stride: stride)) }
    return taps
  }

  /// The tensors of the network, in the order of the layers.
  public var parameters: [ParameterInfo] {
    var list: [ParameterInfo] = []
    func add(_ name: String, _ shape: [Int]) {
      list.append(ParameterInfo(name: "backbone.\(name).weight", shape: shape))
      list.append(ParameterInfo(name: "backbone.\(name).bias", shape: [shape.last!]))
    }
    add("stem", [3, 3, 3, stemChannels])
    for block in blocks {
      let prefix = "block\(block.index)"
      if block.hasExpansion { add("\(prefix).expand", [block.inputs, block.expanded]) }
      add("\(prefix).depthwise", [3, 3, block.expanded])
      add("\(prefix).project", [block.expanded, block.outputs])
    }
    if let lastChannels { add("last", [blocks.last!.outputs, lastChannels]) }
    return list
  }

  /// The geometry of each block's depthwise convolution for an input of that size.
  package func geometries(height: Int, width: Int) -> (stem: Geometry, blocks: [Geometry]) {
    let stem = Geometry(height: height, width: width, stride: 2, dilation: 1, padding: padding)
    var geometries: [Geometry] = []
    var (h, w) = (stem.outHeight, stem.outWidth)
    for block in blocks {
      let g = Geometry(height: h, width: w, stride: block.stride, dilation: block.dilation, padding: padding)
      geometries.append(g)
      (h, w) = (g.outHeight, g.outWidth)
    }
    return (stem, geometries)
  }
}

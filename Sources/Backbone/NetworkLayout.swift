import Kernels
import ModelFiles
import Tensors

/// A tensor that a network needs.
public struct ParameterInfo: Hashable, Sendable {
  public let name: String
  public let shape: [Int]

  public init(name: String, shape: [Int]) {
    self.name = name
    self.shape = shape
  }
}

/// A network of blocks for one width and output stride: its paper's table, worked out.
///
/// `mobileNetV2`, `mobileNetV1` and `shuffleNet` make one; `Network` runs it.
public struct NetworkLayout: Hashable, Sendable {
  public let family: NetworkFamily
  public let width: WidthMultiplier
  public let outputStride: Int
  public let padding: Padding
  public let stemChannels: Int
  public let blocks: [BlockLayout]
  /// Channels of the last convolution, or `nil` where the network ends with its last block.
  public let lastChannels: Int?
  /// What is left out of, or added to, MobileNetV2's blocks.
  public let ablation: Ablation

  init(
    _ family: NetworkFamily, width: WidthMultiplier, outputStride: Int, padding: Padding, stemChannels: Int,
    blocks: [BlockLayout], lastChannels: Int? = nil, ablation: Ablation = Ablation()
  ) {
    self.family = family
    self.width = width
    self.outputStride = outputStride
    self.padding = padding
    self.stemChannels = stemChannels
    self.blocks = blocks
    self.lastChannels = lastChannels
    self.ablation = ablation
  }

  /// Lays out the network that a card describes; its network must be known and its output stride 8, 16 or 32.
  public init(_ card: BackboneCard) {
    guard let family = card.family else { preconditionFailure("a network \(card.network)") }
    switch family {
    case .mobileNetV2:
      self = .mobileNetV2(
        width: card.widthMultiplier, divisor: card.channelDivisor, outputStride: card.outputStride,
        padding: card.padding, hasLastConvolution: card.hasLastConvolution)
    case .mobileNetV1:
      self = .mobileNetV1(
        width: card.widthMultiplier, divisor: card.channelDivisor, outputStride: card.outputStride,
        padding: card.padding)
    case .shuffleNet:
      self = .shuffleNet(
        groups: card.groups ?? 3, scale: card.widthMultiplier, outputStride: card.outputStride, padding: card.padding)
    }
  }

  /// Whether the first convolution's map is max-pooled before the first block.
  public var hasStemPooling: Bool { family == .shuffleNet }

  /// The stride of the map that the first block reads.
  private var firstStride: Int { hasStemPooling ? 4 : 2 }

  /// Every tap of the network, shallow to deep.
  public var taps: [TapInfo] {
    var taps = [TapInfo(tap: .stem, channels: stemChannels, stride: 2)]
    var stride = firstStride
    for block in blocks {
      if family == .mobileNetV2, block.hasExpansion {
        taps.append(TapInfo(tap: .expansion(block.index), channels: block.expanded, stride: stride))
      }
      stride = block.outputStride
      taps.append(TapInfo(tap: .block(block.index), channels: block.outputs, stride: stride))
    }
    if let lastChannels { taps.append(TapInfo(tap: .last, channels: lastChannels, stride: stride)) }
    return taps
  }

  /// Whether each block begins with what the one before hands out, so that a run can begin at any.
  package var resumes: Bool { family != .mobileNetV1 && ablation.shortcut != .expansions }

  /// The tap of the last block.
  public var deepestBlock: Tap { .block(blocks.last!.index) }

  /// What a tap hands out.
  ///
  /// - Throws: `BackboneError.noSuchTap`, naming those that exist.
  public func info(_ tap: Tap) throws(BackboneError) -> TapInfo {
    let known = taps
    guard let info = known.first(where: { $0.tap == tap }) else {
      throw .noSuchTap(name: tap.description, known: known.map(\.name))
    }
    return info
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
      if block.hasExpansion { add("\(prefix).expand", [block.inputs / block.expansionGroups, block.expanded]) }
      add("\(prefix).depthwise", [3, 3, block.expanded])
      add("\(prefix).project", [block.expanded / block.projectionGroups, block.projected])
    }
    if let lastChannels { add("last", [blocks.last!.outputs, lastChannels]) }
    return list
  }

  /// The shape of a tap's map for an input of that size; the tap must be one of the network's.
  public func shape(of tap: Tap, height: Int, width: Int) -> Shape {
    let (stem, geometries) = geometries(height: height, width: width)
    guard let channels = taps.first(where: { $0.tap == tap })?.channels else {
      preconditionFailure("no tap \(tap) in \(taps.map(\.name))")
    }
    switch tap {
    case .stem: return Shape(height: stem.outHeight, width: stem.outWidth, channels: channels)
    case .expansion(let index):
      return Shape(height: geometries[index].height, width: geometries[index].width, channels: channels)
    case .block, .last:
      var g = geometries.last!
      if case .block(let index) = tap { g = geometries[index] }
      return Shape(height: g.outHeight, width: g.outWidth, channels: channels)
    }
  }

  /// The geometry of each block's depthwise convolution for an input of that size.
  package func geometries(height: Int, width: Int) -> (stem: Geometry, blocks: [Geometry]) {
    let stem = Geometry(height: height, width: width, stride: 2, dilation: 1, padding: padding)
    var geometries: [Geometry] = []
    var (h, w) = (stem.outHeight, stem.outWidth)
    if hasStemPooling {
      let pool = Geometry(height: h, width: w, stride: 2, dilation: 1, padding: padding)
      (h, w) = (pool.outHeight, pool.outWidth)
    }
    for block in blocks {
      let g = Geometry(height: h, width: w, stride: block.stride, dilation: block.dilation, padding: padding)
      geometries.append(g)
      (h, w) = (g.outHeight, g.outWidth)
    }
    return (stem, geometries)
  }
}

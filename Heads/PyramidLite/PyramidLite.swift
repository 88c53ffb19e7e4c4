import Backbone
@_exported import HeadKit
import Kernels
import ModelFiles
import Tensors

/// A feature pyramid for masks: a path from the deepest map to finer ones, each step an enlargement, the backbone's own
/// map of that size added, and a depthwise-separable convolution; class logits at the end.
///
/// Source: "Feature Pyramid Networks for Object Detection", section 3, with the separable layers of MobileNetV2's section 3.1.
public final class PyramidLiteHead: Head {
  public let taps: [Tap]
  public let outputs: Int
  private let head: GraphHead

  /// Takes the weights `pyramid.…`; the levels are the card's.
  ///
  /// - Throws: `BackboneError` when a tensor is missing or a level is no tap.
  public init(_ card: SegmentationCard, _ pyramid: PyramidCard, on backbone: any Backbone, weights: Weights)
    throws(BackboneError)
  {
    let graph = try PyramidLiteHead.graph(outputs: card.outputs, pyramid, on: backbone.layout)
    outputs = card.outputs
    head = try GraphHead(graph, weights: weights, compute: backbone.compute)
    taps = head.taps
  }

  /// The class logits, at the finest level's size.
  public func callAsFunction(_ maps: FeatureMaps) -> FeatureVector { head(maps)[0] }

  /// The head as layers.
  ///
  /// - Parameters:
  ///   - outputs: classes, the background included.
  ///   - firstLearning: the first of the backbone's blocks that learns too.
  /// - Throws: `BackboneError.noSuchTap` where a level is no tap of the network, `.cannotLearn`.
  public static func graph(
    outputs: Int, _ pyramid: PyramidCard, on layout: NetworkLayout, firstLearning: Int? = nil
  ) throws(BackboneError) -> LayerGraph {
    var graph = LayerGraph()
    var trunk = try GraphTrunk(layout, firstLearning: firstLearning)
    var maps: [LayerGraph.Value] = []
    var strides: [Int] = []
    let known = layout.taps
    for level in pyramid.levels {
      guard let info = known.first(where: { $0.name == level }) else {
        throw .noSuchTap(name: level, known: known.map(\.name))
      }
      maps.append(try trunk.value(info.tap, in: &graph))
      strides.append(info.stride)
    }
    let widths = pyramid.widths
    precondition(maps.count >= 2 && widths.count == maps.count - 1, "\(widths.count) widths for \(maps.count) levels")
    var x = graph.pointwise("pyramid.deepest", maps[0], outputs: widths[0], .relu6)
    for level in 1..<maps.count {
      let name = "pyramid.level\(level)"
      if x.channels != widths[level - 1] {
        x = graph.pointwise("\(name).narrow", x, outputs: widths[level - 1], .linear, isNormalised: false)
      }
      let lateral = graph.pointwise("\(name).lateral", maps[level], outputs: widths[level - 1], .linear)
      if strides[level] != strides[level - 1] { x = graph.upsample(x, like: lateral, .halfPixel) }
      x = graph.sum(lateral, x, .relu6)
      x = graph.depthwise("\(name).depthwise", x, padding: layout.padding, .relu6)
      x = graph.pointwise("\(name).pointwise", x, outputs: widths[level - 1], .relu6)
    }
    graph.answer(graph.pointwise("pyramid.logits", x, outputs: outputs, .linear, isNormalised: false))
    return graph
  }

  /// What each layer costs for maps of those shapes.
  public func costs(on shape: (Tap) -> Shape) -> [LayerCost] { head.costs(on: shape) }
}

extension PyramidCard {
  /// The usual path on a network: from its last block to what the last three blocks that halve the map filter, with 128, 64
  /// and 32 channels; fewer where the network hands out none so fine.
  public static func usual(on layout: NetworkLayout) -> PyramidCard {
    let (blocks, known) = (layout.blocks, layout.taps.map(\.tap))
    // A stride that was given up shows as a dilation of the blocks behind.
    let halving = blocks.filter { block in
      block.stride == 2 || block.index + 1 < blocks.count && blocks[block.index + 1].dilation > block.dilation
    }
    let finer = halving.suffix(3).reversed().compactMap { block in
      [Tap.expansion(block.index), .block(block.index - 1)].first { known.contains($0) }
    }
    let levels = [layout.deepestBlock] + finer
    return PyramidCard(levels: levels.map(\.description), widths: usualWidths(levels: levels.count))
  }

  /// The usual channels of a path of so many levels: 128, 64, and 32 from there on.
  public static func usualWidths(levels: Int) -> [Int] { (1..<max(levels, 1)).map { $0 < 3 ? 256 >> $0 : 32 } }
}

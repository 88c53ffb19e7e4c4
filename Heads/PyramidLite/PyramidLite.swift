@_exported import Backbone
import Graphs
import ModelFiles

extension Graph {
  /// Appends a feature pyramid for masks to a backbone, with an output of class logits at the finest level's size.
  ///
  /// The path goes from the deepest map to finer ones. Each step is an upsampling, the addition of the backbone's own
  /// map of that size, and a depthwise-separable convolution.
  ///
  /// Source: "Feature Pyramid Networks for Object Detection", section 3, with the separable layers of MobileNetV2's
  /// section 3.1.
  ///
  /// - Parameters:
  ///   - outputs: classes, the background included.
  ///   - isNormalised: whether the layers but `narrow` and the logits are trained with batch norm.
  /// - Throws: `GraphError.noSuchTap` where a level is not a tap of the network.
  public mutating func pyramid(outputs: Int, _ pyramid: PyramidCard, isNormalised: Bool = false) throws(GraphError) {
    let (padding, widths) = (padding, pyramid.widths)
    var maps: [Value] = []
    var strides: [Int] = []
    for level in pyramid.levels {
      strides.append(try info(Tap(level)).stride)
      maps.append(try value(of: Tap(level)))
    }
    precondition(maps.count >= 2 && widths.count == maps.count - 1, "\(widths.count) widths for \(maps.count) levels")
    var x = pointwise("pyramid.deepest", maps[0], outputs: widths[0], .relu6, isNormalised: isNormalised)
    for level in 1..<maps.count {
      let (name, width) = ("pyramid.level\(level)", widths[level - 1])
      if x.channels != width { x = pointwise("\(name).narrow", x, outputs: width, .linear, isNormalised: false) }
      let lateral = pointwise("\(name).lateral", maps[level], outputs: width, .linear, isNormalised: isNormalised)
      if strides[level] != strides[level - 1] { x = resize(x, like: lateral, .halfPixel) }
      x = sum(lateral, x, .relu6)
      x = depthwise("\(name).depthwise", x, padding: padding, .relu6, isNormalised: isNormalised)
      x = pointwise("\(name).pointwise", x, outputs: width, .relu6, isNormalised: isNormalised)
    }
    output(pointwise("pyramid.logits", x, outputs: outputs, .linear, isNormalised: false))
  }
}

extension PyramidCard {
  /// The default pyramid of a network, from its last block to the expanded tensors of the last three blocks with stride
  /// 2.
  ///
  /// It has 128, 64 and 32 channels, and fewer levels if the network has no map of that size.
  public static func usual(on layout: NetworkLayout) -> PyramidCard {
    let (blocks, known) = (layout.blocks, layout.graph.taps.map(\.tap))
    // A dropped stride shows as a dilation of the blocks behind.
    let halving = blocks.filter { block in
      block.stride == 2 || block.index + 1 < blocks.count && blocks[block.index + 1].dilation > block.dilation
    }
    let finer = halving.suffix(3).reversed().compactMap { block in
      [Tap.expansion(block.index), .block(block.index - 1)].first { known.contains($0) }
    }
    let levels = [Tap.block(blocks.count - 1)] + finer
    return PyramidCard(levels: levels.map(\.name), widths: usualWidths(levels: levels.count))
  }

  /// The default pyramid of a custom network, from its deepest map to the last maps of up to three finer strides.
  public static func usual(on graph: Graph) -> PyramidCard {
    let (taps, deepest) = (graph.taps, graph.deepest)
    var levels = [deepest]
    for tap in taps.reversed() where tap.stride < levels.last!.stride && levels.count < 4 { levels.append(tap) }
    return PyramidCard(levels: levels.map(\.name), widths: usualWidths(levels: levels.count))
  }

  /// The default channels of a pyramid of that many levels: 128, 64, and 32 from there on.
  public static func usualWidths(levels: Int) -> [Int] { (1..<max(levels, 1)).map { $0 < 3 ? 256 >> $0 : 32 } }
}

import Backbone
import CLISupport
import DeepLabLite
import Graphs

/// Counts as publications count, where that is not as this program does: found by trying what gives the printed figures.
extension ComparedNetwork {
  /// Weights, and the biases of the layers without batch norm.
  var countsWithoutNormalisation: Counts {
    var counts = counts
    counts.parameters -= normalisedChannels
    return counts
  }

  /// Batch norm's scale beside its shift, and dilated convolutions as TensorFlow runs them.
  ///
  /// There a map is cut into pictures of every `rate`-th pixel, for which it is first filled up to a multiple of the rate.
  ///
  /// - Parameter passes: adds six sizes of the picture, each mirrored too; else one pass is counted.
  func countsInTensorFlow(passes: Bool) -> Counts {
    var total = Counts(parameters: counts.parameters + normalisedChannels, multiplyAdds: 0)
    for size in passes ? ComparedNetwork.sizes(of: size) : [size] {
      let one = with(size: size)
      total.multiplyAdds += (passes ? 2 : 1) * (one.counts.multiplyAdds + one.filledUp)
    }
    return total
  }

  /// 0.5, 0.75, 1, 1.25, 1.5 and 1.75 times the size, on the grid whose ends fall on pixels of every map.
  ///
  /// Source: "Rethinking Atrous Convolution for Semantic Image Segmentation", section 4.1.
  private static func sizes(of size: Int) -> [Int] { (2...7).map { (size - 1) * $0 / 4 + 1 } }

  /// Channels that batch norm follows: all but those of the outputs.
  private var normalisedChannels: Int {
    let (backbone, all) = (layout.graph.convolutions, graph.convolutions)
    return backbone.reduce(0) { $0 + $1.outputs }
      + all.dropFirst(backbone.count).reduce(0) { $0 + ($1.isNormalised ? $1.outputs : 0) }
  }

  /// Multiply-adds of the pixels that maps are filled up with.
  private var filledUp: Int {
    func added(_ height: Int, _ width: Int, rate: Int) -> Int {
      func up(_ extent: Int) -> Int { (extent + rate - 1) / rate * rate }
      return up(height) * up(width) - height * width
    }
    var total = 0
    for block in layout.blocks where block.dilation > 1 {
      let map = layout.graph.shape(of: .block(block.index), height: size, width: size)
      total += 9 * block.expanded * added(map.height, map.width, rate: block.dilation)
    }
    guard head == .deeplabASPP else { return total }
    let map = layout.graph.shape(of: layout.graph.deepest.tap, height: size, width: size)
    for rate in DeepLabLite.atrousRates(outputStride: layout.outputStride) {
      total += 9 * map.channels * DeepLabLite.branchChannels * added(map.height, map.width, rate: rate)
    }
    return total
  }
}

import Backbone
import CLISupport
import DeepLabLite
import Graphs

/// Counts by the conventions of publications, where these differ from this program's.
///
/// The conventions were inferred from the printed figures.
extension ComparedNetwork {
  /// The counts without the parameters of batch norm: weights, and the biases of layers without batch norm.
  var countsWithoutNormalisation: Counts {
    var counts = counts
    counts.parameters -= normalisedChannels
    return counts
  }

  /// The counts with batch norm's scale beside its shift, and with dilated convolutions as TensorFlow runs them.
  ///
  /// TensorFlow splits a map into `rate` x `rate` maps of every `rate`-th pixel, and pads it to a multiple of the rate
  /// first.
  ///
  /// - Parameter passes: whether to add up six sizes of the image, each mirrored too; otherwise one pass is counted.
  func countsInTensorFlow(passes: Bool) -> Counts {
    var total = Counts(parameters: counts.parameters + normalisedChannels, multiplyAdds: 0)
    for size in passes ? ComparedNetwork.sizes(of: size) : [size] {
      let one = with(size: size)
      total.multiplyAdds += (passes ? 2 : 1) * (one.counts.multiplyAdds + one.filledUp)
    }
    return total
  }

  /// 0.5, 0.75, 1, 1.25, 1.5 and 1.75 times the size, rounded so that the corner pixels of all maps align.
  ///
  /// Source: "Rethinking Atrous Convolution for Semantic Image Segmentation", section 4.1.
  private static func sizes(of size: Int) -> [Int] { (2...7).map { (size - 1) * $0 / 4 + 1 } }

  /// The number of channels with batch norm: all but the outputs'.
  private var normalisedChannels: Int {
    let (backbone, all) = (layout.graph.convolutions, graph.convolutions)
    return backbone.reduce(0) { $0 + $1.outputs }
      + all.dropFirst(backbone.count).reduce(0) { $0 + ($1.isNormalised ? $1.outputs : 0) }
  }

  /// The multiply-adds of the padding pixels.
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

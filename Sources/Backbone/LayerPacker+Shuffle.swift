import Kernels
import ModelFiles
import Tensors

extension LayerPacker {
  /// The depthwise convolution of shuffled channels, for channels that still lie as before the shuffle.
  func shuffledDepthwise(
    _ name: String, channels: Int, groups: Int, sourceGroups: Int, _ activation: Activation
  ) throws(WeightsError) -> PackedDepthwise {
    try with(name, [3, 3, channels]) { weights, bias in
      let each = channels / groups
      // Where the shuffle takes a channel to.
      let places = (0..<channels).map { $0 % each * groups + $0 / each }
      let moved = (0..<9).flatMap { tap in places.map { weights[tap * channels + $0] } }
      let movedBias = places.map { bias[$0] }
      return PackedDepthwise(
        kernels, channels: channels, weights: moved.span, bias: movedBias.span, activation: activation,
        groups: sourceGroups)
    }
  }

  /// A grouped 1x1 convolution over shuffled channels, one product a group, which reads the channels before the shuffle.
  ///
  /// The shuffle lays the groups' channels out in turn: channel `j` of group `i` becomes channel `j * groups + i`. So the
  /// inputs of one product are a run of channels of every group: as many segments of its sum, filled up with a weight of
  /// zero where one run is shorter than the others.
  /// Source: "ShuffleNet", section 3.1.
  ///
  /// - Parameters:
  ///   - sourceGroups: groups of the convolution before, whose channels lie in whole panels.
  func shuffled(
    _ name: String, inputs: Int, outputs: Int, groups: Int, sourceGroups: Int, _ activation: Activation
  ) throws(WeightsError) -> [PackedPointwise] {
    let panel = kernels.panel
    let each = inputs / groups
    // Where a channel lies among the filtered ones.
    let room = sourceGroups == 1 ? each : (each + panel - 1) / panel * panel
    return try with(name, [inputs / groups, outputs]) { weights, bias in
      (0..<groups).map { group in
        let columns = outputs / groups
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
              rows.append(isOwn ? weights[row * outputs + column] : 0)
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

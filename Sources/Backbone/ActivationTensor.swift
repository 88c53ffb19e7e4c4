import Kernels
import Tensors

/// A tensor that passes between a network's layers.
public struct ActivationTensor: Hashable, Sendable {
  /// The layer that makes it.
  public let name: String
  public let shape: Shape
  /// Whether its reader can take it in parts, so that all of it never exists at once.
  public let isPartial: Bool
}

extension NetworkLayout {
  /// The tensors between the layers, from the first convolution's to the pooled one; the picture is not among them.
  ///
  /// What lies inside a block of MobileNetV2 or ShuffleNet is partial: the block is a sum over its wide channels, and its
  /// ends are thin. So is what is only pooled or filtered once before it shrinks: the first convolution's map there, and the
  /// last convolution's. MobileNetV1 has no thin ends: all of its tensors exist.
  /// Source: "MobileNetV2: Inverted Residuals and Linear Bottlenecks", section 5 and table 3.
  public func activations(height: Int, width: Int) -> [ActivationTensor] {
    let hasThinEnds = family != .mobileNetV1
    let (stem, geometries) = geometries(height: height, width: width)
    func tensor(_ name: String, _ height: Int, _ width: Int, _ channels: Int, isPartial: Bool = false)
      -> ActivationTensor
    {
      ActivationTensor(
        name: name, shape: Shape(height: height, width: width, channels: channels), isPartial: isPartial)
    }
    var tensors = [tensor("stem", stem.outHeight, stem.outWidth, stemChannels, isPartial: hasThinEnds)]
    if hasStemPooling, let first = geometries.first {
      tensors.append(tensor("stem/pool", first.height, first.width, stemChannels))
    }
    for (block, g) in zip(blocks, geometries) {
      let name = "block\(block.index)"
      if block.hasExpansion {
        tensors.append(tensor("\(name)/expand", g.height, g.width, block.expanded, isPartial: hasThinEnds))
      }
      tensors.append(tensor("\(name)/depthwise", g.outHeight, g.outWidth, block.expanded, isPartial: hasThinEnds))
      tensors.append(tensor(name, g.outHeight, g.outWidth, block.outputs))
    }
    if let lastChannels, let g = geometries.last {
      tensors.append(tensor("last", g.outHeight, g.outWidth, lastChannels, isPartial: true))
    }
    return tensors + [tensor("pool", 1, 1, lastChannels ?? blocks.last!.outputs)]
  }

  /// Elements of the largest tensor that exists as a whole: what table 3 of the paper counts.
  public func largestActivation(height: Int, width: Int) -> Int {
    whole(height: height, width: width).max()!
  }

  /// Elements of a layer's or block's whole input and output together, where they are most: what section 5 counts.
  public func heldActivations(height: Int, width: Int) -> Int {
    let counts = whole(height: height, width: width)
    return zip(counts, counts.dropFirst()).map(+).max() ?? counts[0]
  }

  private func whole(height: Int, width: Int) -> [Int] {
    activations(height: height, width: width).filter { !$0.isPartial }.map(\.shape.count)
  }
}

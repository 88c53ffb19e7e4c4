import Backbone
import Kernels
import Tensors
import Vision

/// A network of ours that stands in a table: a backbone with a head, for a size of input.
struct ComparedNetwork: Hashable {
  /// The head, by the name of the task that has it.
  enum Head: String, Hashable {
    case classifier = "classify"
    /// SSD's predictors and extra layers: 3x3 convolutions in full, or taken apart into depthwise and 1x1.
    case ssd, ssdLite = "ssdlite"
    /// DeepLabV3 without and with its three atrous branches.
    case deepLab = "deeplab"
    case deepLabASPP = "deeplab-aspp"
  }

  /// What a network costs.
  struct Counts: Hashable {
    /// Weights and biases; of batch norm there is only the shift, as a bias.
    var parameters: Int
    var multiplyAdds: Int
  }

  let layout: NetworkLayout
  let head: Head
  /// Classes, with the background where there is one.
  let outputs: Int
  let size: Int

  /// A classifier of ImageNet's 1000 classes.
  static func classifier(_ layout: NetworkLayout, size: Int = 224) -> ComparedNetwork {
    ComparedNetwork(layout: layout, head: .classifier, outputs: 1000, size: size)
  }

  /// A detector of COCO's 80 classes.
  static func detector(_ layout: NetworkLayout, _ head: Head = .ssdLite) -> ComparedNetwork {
    ComparedNetwork(layout: layout, head: head, outputs: 81, size: 320)
  }

  /// A segmenter of Pascal VOC's 20 classes.
  static func segmenter(_ layout: NetworkLayout, hasASPP: Bool) -> ComparedNetwork {
    ComparedNetwork(layout: layout, head: hasASPP ? .deepLabASPP : .deepLab, outputs: 21, size: 513)
  }

  /// The same network for another size of input.
  func with(size: Int) -> ComparedNetwork {
    ComparedNetwork(layout: layout, head: head, outputs: outputs, size: size)
  }

  /// The network with random weights; `nil` where this program has no such task and can count it only.
  func build(on compute: Compute) -> TaskNetwork? {
    TaskNetwork.Task(rawValue: head.rawValue).map { .random($0, on: layout, outputs: outputs, compute: compute) }
  }

  var counts: Counts { Counts(layout.costs(height: size, width: size) + headCosts) }
  /// The head's and the extra layers' alone.
  var headCounts: Counts { Counts(headCosts) }
}

extension ComparedNetwork.Counts {
  init(_ costs: [LayerCost]) {
    self.init(
      parameters: costs.reduce(0) { $0 + $1.parameters }, multiplyAdds: costs.reduce(0) { $0 + $1.multiplyAdds })
  }
}

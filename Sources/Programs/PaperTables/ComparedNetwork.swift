import Backbone
import CLISupport
import Kernels
import Graphs

/// A network of this program in a table: a backbone with a head, for an input size.
struct ComparedNetwork: Hashable {
  /// The cost of a network.
  struct Counts: Hashable {
    /// Weights and biases; a folded batch norm counts as a bias.
    var parameters: Int
    var multiplyAdds: Int
  }

  let layout: NetworkLayout
  let head: NetworkTask
  /// The number of classes, including the background if there is one.
  let outputs: Int
  let size: Int

  /// A classifier of ImageNet's 1000 classes.
  static func classifier(_ layout: NetworkLayout, size: Int = 224) -> ComparedNetwork {
    ComparedNetwork(layout: layout, head: .classify, outputs: 1000, size: size)
  }

  /// A detector of COCO's 80 classes.
  static func detector(_ layout: NetworkLayout, _ head: NetworkTask = .ssdlite) -> ComparedNetwork {
    ComparedNetwork(layout: layout, head: head, outputs: 81, size: 320)
  }

  /// A segmenter of Pascal VOC's 20 classes.
  static func segmenter(_ layout: NetworkLayout, hasASPP: Bool) -> ComparedNetwork {
    ComparedNetwork(layout: layout, head: hasASPP ? .deeplabASPP : .deeplab, outputs: 21, size: 513)
  }

  /// The same network for another input size.
  func with(size: Int) -> ComparedNetwork {
    ComparedNetwork(layout: layout, head: head, outputs: outputs, size: size)
  }

  var graph: Graph { head.graph(on: layout, outputs: outputs, isNormalised: true) }

  var counts: Counts { Counts(graph.costs(height: size, width: size)) }
  /// The counts of the head and the extra layers alone.
  var headCounts: Counts {
    Counts(Array(graph.costs(height: size, width: size).dropFirst(layout.graph.convolutions.count)))
  }
}

extension ComparedNetwork.Counts {
  init(_ costs: [LayerCost]) {
    self.init(
      parameters: costs.reduce(0) { $0 + $1.parameters }, multiplyAdds: costs.reduce(0) { $0 + $1.multiplyAdds })
  }
}

import Backbone
import Graphs

/// The part of a backbone that is trained with the head.
public enum LearningPart: Hashable, Sendable {
  /// Nothing: the whole backbone is frozen.
  case none
  /// The blocks from that one on, at least 1.
  case blocks(from: Int)
  /// Everything behind a tap, for custom networks.
  case behind(Tap)
  /// Everything, from the first convolution on.
  case all

  /// The trained layers, as a graph whose inputs are the frozen maps in front of them.
  ///
  /// - Parameter graph: a backbone, with a head appended.
  /// - Parameter backbone: the number of the backbone's nodes.
  /// - Throws: `BackboneError.cannotLearn` where the network has no such block, `.noSuchTap`, or `.unusableLayer` where
  ///   a trained layer reads a frozen map without a name.
  package func graph(of graph: Graph, backbone: Int) throws(BackboneError) -> Graph {
    if case .blocks(let first) = self {
      let blocks = (0...).prefix { index in graph.nodes.contains { $0.name == Tap.block(index).name } }.count
      guard first > 0, first < blocks else {
        let known = blocks > 1 ? "expected block1 to block\(blocks - 1)" : "this network has none behind another"
        throw .cannotLearn(reason: "no block\(first) can learn, \(known)")
      }
    }
    do throws(GraphError) {
      let frozen: Int
      switch self {
      case .none: frozen = backbone
      case .blocks(let first): frozen = try graph.count(through: .block(first - 1))
      case .behind(let tap): frozen = try graph.count(through: tap)
      case .all: frozen = 0
      }
      return try graph.suffix(after: frozen)
    } catch { throw BackboneError(error) }
  }
}

import Backbone
import Tensors

/// The backbone below a head's layers: its taps, and its last blocks as layers of the graph where they learn too.
///
/// Blocks from `firstLearning` on are layers with weights of their own, the others are what their taps hand out. A head asks
/// for the maps that it wants and need not know which is which.
public struct GraphTrunk {
  private let layout: NetworkLayout
  private var firstLearning: Int
  private var known: [Tap: LayerGraph.Value] = [:]

  /// A backbone that is frozen whole.
  public init(_ layout: NetworkLayout) {
    self.layout = layout
    firstLearning = layout.blocks.count
  }

  /// A backbone whose blocks learn from one on.
  ///
  /// - Parameter firstLearning: a block from 1 on, or `nil` where the whole backbone is frozen.
  /// - Throws: `BackboneError.cannotLearn` when there is no such block, or where the network's blocks do not learn:
  ///   ShuffleNet's grouped convolutions, and MobileNetV2's shortcuts between expansions.
  public init(_ layout: NetworkLayout, firstLearning: Int?) throws(BackboneError) {
    self.init(layout)
    guard let firstLearning else { return }
    let network = layout.family.rawValue
    guard layout.family != .shuffleNet else {
      throw .cannotLearn(reason: "the blocks of \(network) do not learn, only heads on it; leave its backbone frozen")
    }
    guard layout.ablation == Ablation() else {
      throw .cannotLearn(reason: "the blocks of an ablation of \(network) do not learn; leave its backbone frozen")
    }
    guard layout.blocks.indices.dropFirst().contains(firstLearning) else {
      throw .cannotLearn(
        reason: "no block\(firstLearning) of \(network) can learn, expected block1 to block\(layout.blocks.count - 1)")
    }
    self.firstLearning = firstLearning
  }

  /// The map of a tap; the first time its layers are added.
  ///
  /// - Throws: `BackboneError.noSuchTap`.
  public mutating func value(_ tap: Tap, in graph: inout LayerGraph) throws(BackboneError) -> LayerGraph.Value {
    if let value = known[tap] { return value }
    let made: LayerGraph.Value
    switch tap {
    case .block(let index) where index >= firstLearning && index < layout.blocks.count:
      let block = layout.blocks[index]
      let x = try value(.block(index - 1), in: &graph)
      let wide = block.hasExpansion ? try value(.expansion(index), in: &graph) : x
      made = graph.block(
        block, expanded: wide, skip: block.hasSkip ? x : nil, padding: layout.padding,
        layout.family == .mobileNetV1 ? .relu6 : .linear)
    case .expansion(let index) where index >= firstLearning && index < layout.blocks.count:
      let x = try value(.block(index - 1), in: &graph)
      made = graph.pointwise(
        "backbone.block\(index).expand", x, outputs: layout.blocks[index].expanded, .relu6, isNormalised: false)
    case .last where firstLearning < layout.blocks.count && layout.lastChannels != nil:
      let x = try value(.block(layout.blocks.count - 1), in: &graph)
      made = graph.pointwise("backbone.last", x, outputs: layout.lastChannels!, .relu6, isNormalised: false)
    default:
      let taps = layout.taps
      guard let info = taps.first(where: { $0.tap == tap }) else {
        throw .noSuchTap(name: tap.description, known: taps.map(\.name))
      }
      made = graph.tap(info)
    }
    known[tap] = made
    return made
  }
}

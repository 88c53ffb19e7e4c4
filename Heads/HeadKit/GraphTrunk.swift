import Backbone
import Tensors

/// The backbone below a head's layers: its taps, and its last blocks as layers of the graph where they learn too.
///
/// Blocks from `firstLearning` on are layers with weights of their own, the others are what their taps hand out. A head asks
/// for the maps that it wants and need not know which is which.
public struct GraphTrunk {
  private let layout: NetworkLayout
  private let firstLearning: Int
  private var known: [Tap: LayerGraph.Value] = [:]

  /// - Parameter firstLearning: a block from 1 on, or `nil` where the whole backbone is frozen; ShuffleNet's units do not
  ///   learn.
  public init(_ layout: NetworkLayout, firstLearning: Int? = nil) {
    precondition(firstLearning == nil || layout.family != .shuffleNet, "ShuffleNet's units do not learn")
    precondition(firstLearning.map { layout.blocks.indices.dropFirst().contains($0) } ?? true, "no such block")
    self.layout = layout
    self.firstLearning = firstLearning ?? layout.blocks.count
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

import Backbone
import HeadKit
import ModelFiles
import PyramidLite
import Testing

/// A head's layers as data: there and back, and what strangers may write.
@Suite struct GraphCardTests {
  private static let layout = NetworkLayout.mobileNetV2(width: 0.35, hasLastConvolution: false)
  private static let (height, width) = (97, 129)

  private static func graph() throws -> LayerGraph {
    var graph = LayerGraph()
    let deep = graph.tap(try #require(layout.taps.last))
    let fine = graph.tap(try layout.info(.expansion(6)))
    let narrow = graph.pointwise("a", deep, outputs: 16, .relu, isNormalised: false)
    let pooled = graph.globalPooling(narrow)
    let joined = graph.concatenation(graph.sum(narrow, pooled, .relu6), pooled)
    let wide = graph.upsample(joined, like: fine, .halfPixel)
    let filtered = graph.depthwise(
      "b", wide, stride: 2, dilation: 3, padding: .symmetric, .relu6, isNormalised: false)
    graph.answer(graph.pointwise("c", filtered, outputs: 5, .linear, isNormalised: false))
    return graph
  }

  private func read(_ card: GraphCard) throws -> LayerGraph {
    try LayerGraph(card, on: Self.layout, height: Self.height, width: Self.width)
  }

  @Test func thereAndBack() throws {
    let graph = try Self.graph()
    #expect(try read(graph.card) == graph)
    let pyramid = try PyramidLiteHead.graph(outputs: 4, .usual(on: Self.layout), on: Self.layout)
    let again = try read(pyramid.card)
    #expect(again.card == pyramid.card && again.parameters == pyramid.parameters && again.taps == pyramid.taps)
  }

  @Test(arguments: [
    "later", "itself", "negative", "count", "tap", "channels", "huge", "stride", "dilation", "padding", "name", "twice",
    "sizes", "side", "grid", "answer", "tapAnswer",
  ]) func whatCannotRunIsRefused(kind: String) throws {
    var card = try Self.graph().card
    // tap, tap, a, pooling, sum, concatenation, upsampling, b, c
    switch kind {
    case "later": card.layers[2].inputs = [7]
    case "itself": card.layers[2].inputs = [2]
    case "negative": card.layers[2].inputs = [-1]
    case "count": card.layers[4].inputs = [2]
    case "tap": card.layers[0].name = "block99"
    case "channels": card.layers[2].outputs = 0
    case "huge": card.layers[8].outputs = 1 << 40
    case "stride": card.layers[7].stride = 3
    case "dilation": card.layers[7].dilation = 1 << 40
    case "padding": card.layers[7].padding = nil
    case "name": card.layers[2].name = nil
    case "twice": card.layers[7].name = "a"
    case "sizes": card.layers[4].inputs = [2, 1]
    case "side": card.layers[5].inputs = [4, 1]
    case "grid": card.layers[6].grid = nil
    case "answer": card.answers = [99]
    default: card.answers = [0]
    }
    let error = #expect(throws: BackboneError.self) { try read(card) }
    #expect(error?.description.isEmpty == false)
  }

  /// Any small change of a card is refused or runs to its end.
  @Test func noChangeCrashes() throws {
    let card = try Self.graph().card
    let numbers = [Int.min, -1, 0, 1, 2, 3, 5, 8, 9, 64, 65536, 1 << 33, .max]
    for place in card.layers.indices {
      for number in numbers {
        for part in 0..<4 {
          var changed = card
          switch part {
          case 0: changed.layers[place].inputs = changed.layers[place].inputs.map { _ in number }
          case 1: changed.layers[place].outputs = number
          case 2: changed.layers[place].stride = number
          default: changed.layers[place].dilation = number
          }
          _ = try? read(changed)
        }
      }
      for operation in GraphCard.Operation.allCases {
        var changed = card
        changed.layers[place].operation = operation
        _ = try? read(changed)
      }
    }
  }
}

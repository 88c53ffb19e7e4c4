import Backbone
import ModelFiles

extension SSDLiteHead {
  /// The head as layers, to be learned: for each map, shallow to deep, an answer of box codes and one of class logits.
  ///
  /// The names are those of the tensors that the head runs with.
  ///
  /// - Parameters:
  ///   - outputs: classes, the background included.
  ///   - firstLearning: the first of the backbone's blocks that learns too.
  ///   - isPretrained: whether the layers before the last ones begin with folded weights, and so without batch norm.
  /// - Throws: `BackboneError.noSuchTap`, `.cannotLearn`.
  public static func graph(
    outputs: Int, on layout: NetworkLayout, firstLearning: Int? = nil, isPretrained: Bool
  ) throws(BackboneError) -> LayerGraph {
    var graph = LayerGraph()
    var trunk = try GraphTrunk(layout, firstLearning: firstLearning)
    var maps: [LayerGraph.Value] = []
    for tap in taps(layout) { maps.append(try trunk.value(tap, in: &graph)) }
    for (index, widths) in extraLayers(width: layout.width.value).enumerated() {
      let name = "ssdlite.extra\(index)"
      let half = graph.pointwise(
        "\(name).reduce", maps.last!, outputs: widths.reduced, .relu6, isNormalised: !isPretrained)
      let filtered = graph.depthwise(
        "\(name).depthwise", half, stride: 2, padding: layout.padding, .relu6, isNormalised: !isPretrained)
      maps.append(
        graph.pointwise("\(name).expand", filtered, outputs: widths.outputs, .relu6, isNormalised: !isPretrained))
    }
    for (index, map) in maps.enumerated() {
      for (kind, values) in [("box", 4), ("class", outputs)] {
        let name = "ssdlite.predictor\(index).\(kind)"
        let filtered = graph.depthwise(
          "\(name).depthwise", map, padding: layout.padding, .relu6, isNormalised: !isPretrained)
        graph.answer(
          graph.pointwise(
            "\(name).pointwise", filtered, outputs: DefaultBoxes.count(map: index) * values, .linear,
            isNormalised: false))
      }
    }
    return graph
  }
}

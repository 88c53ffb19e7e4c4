import HeadKit

extension DeepLabLiteHead {
  /// The head as layers that can learn, on a value that the backbone's last block hands out.
  ///
  /// Trained and folded, its tensors are those that this head takes.
  public static func addLayers(outputs: Int, on deepest: LayerGraph.Value, to graph: inout LayerGraph) {
    let channels = branchChannels
    let pooled = graph.pointwise("deeplab.pooling", graph.globalPooling(deepest), outputs: channels, .relu)
    let aspp = graph.pointwise("deeplab.aspp", deepest, outputs: channels, .relu)
    let projected = graph.pointwise(
      "deeplab.projection", graph.concatenation(pooled, aspp), outputs: channels, .relu)
    graph.answer(graph.pointwise("deeplab.logits", projected, outputs: outputs, .linear, isNormalised: false))
  }
}

import HeadKit

extension DeepLabLiteHead {
  /// The head as layers that can learn, on the map of the backbone's last block.
  ///
  /// Trained and folded, its tensors are those that this head takes.
  public static func graph(outputs: Int, on layout: NetworkLayout, firstLearning: Int? = nil)
    throws(BackboneError) -> LayerGraph
  {
    var graph = LayerGraph()
    var trunk = try GraphTrunk(layout, firstLearning: firstLearning)
    let deepest = try trunk.value(.block(layout.blocks.last!.index), in: &graph)
    let channels = branchChannels
    let pooled = graph.pointwise("deeplab.pooling", graph.globalPooling(deepest), outputs: channels, .relu)
    let aspp = graph.pointwise("deeplab.aspp", deepest, outputs: channels, .relu)
    let projected = graph.pointwise("deeplab.projection", graph.concatenation(pooled, aspp), outputs: channels, .relu)
    graph.answer(graph.pointwise("deeplab.logits", projected, outputs: outputs, .linear, isNormalised: false))
    return graph
  }
}

import Backbone
import DeepLabLite
import Graphs
import Kernels
import SSDLite
import TestSupport
import Training

/// Networks trained from the image on, the same as in `Tests/Golden/generate_training_networks.py`.
enum WholeNetwork: String, CaseIterable, Sendable {
  case mobileNetV2 = "mobilenet-v2"
  case gates, shuffleNet = "shufflenet", heads

  static let batch = 2

  /// Rows and columns of the image.
  var size: (height: Int, width: Int) {
    switch self {
    case .mobileNetV2: return (41, 35)
    case .gates: return (37, 33)
    case .shuffleNet: return (45, 37)
    case .heads: return (97, 81)
    }
  }

  /// The whole graph, all of it trained.
  func graph() throws -> Graph {
    var graph = Graph()
    switch self {
    case .mobileNetV2:
      graph = NetworkLayout.mobileNetV2(width: 0.35).graph
      graph.classifier(outputs: 5)
    case .shuffleNet:
      graph = NetworkLayout.shuffleNet(groups: 3, scale: 0.5).graph
      graph.output(try graph.value(of: .block(1)))
    case .gates: WholeNetwork.gates(&graph)
    case .heads: try WholeNetwork.heads(&graph)
    }
    return try LearningPart.all.graph(of: graph, backbone: 0)
  }

  /// Hard-swish, 5x5 depthwise convolutions and squeeze-and-excite, as in MobileNetV3, and separate activations.
  private static func gates(_ graph: inout Graph) {
    let stem = graph.convolution(
      "stem", graph.input(), outputs: 16, window: Graph.Window(3, 3, stride: 2), .hardSwish)
    let wide = graph.pointwise("expand", graph.activation(stem, .relu6), outputs: 24, .hardSwish)
    let filtered = graph.depthwise("filter", wide, kernel: 5, stride: 2, padding: .same, .hardSwish)
    let gated = graph.squeezeExcite("first", filtered, squeezed: 6)
    let thin = graph.pointwise("project", gated, outputs: 12, .linear)
    let far = graph.depthwise(
      "far", thin, kernel: 5, dilation: 2, padding: .symmetric, .sigmoid, isNormalised: false)
    let sum = graph.sum(far, thin, .hardSwish)
    let tall = graph.convolution(
      "tall", sum, outputs: 14, window: Graph.Window(5, 3, dilation: 2, padding: .symmetric), groups: 2, .hardSigmoid,
      isNormalised: false)
    let last = graph.squeezeExcite("second", graph.activation(tall, .hardSwish), squeezed: 5, .hardSwish, .sigmoid)
    graph.output(graph.pointwise("logits", last, outputs: 3, .linear, isNormalised: false))
  }

  /// DeepLabV3 with atrous spatial pyramid pooling and SSD with full convolutions, on a backbone of two layers.
  private static func heads(_ graph: inout Graph) throws {
    let finer = graph.convolution(
      "backbone.stem", graph.input(), outputs: 8, window: Graph.Window(3, 3, stride: 2), .relu6, isNormalised: false)
    graph.name(finer, Tap("finer"))
    let deepest = graph.convolution(
      "backbone.deep", finer, outputs: 12, window: Graph.Window(3, 3, stride: 8), groups: 2, .relu6,
      isNormalised: false)
    graph.name(deepest, Tap("deepest"))
    try graph.deepLabLite(outputs: 3, .aspp)
    try graph.ssdlite(outputs: 3, width: 0.03, .full)
  }

  /// The network with weights and a batch of images by formula.
  ///
  /// - Parameter gain: a third of it, divided by the inputs of one output, is a weight's variance.
  func network(gain: Double, session: Session) throws -> TrainableNetwork {
    let network = try TrainableNetwork(
      graph(), batch: WholeNetwork.batch,
      tapShape: { _ in Shape(height: size.height, width: size.width, channels: 3) }, session: session)
    for parameter in network.parameters.parameters { parameter.value.set(WholeNetwork.values(parameter, gain: gain)) }
    network.input(Tap(Graph.image)).set(images)
    return network
  }

  /// `[batch, height, width, 3]`.
  var images: [Float] { TestGraph.numbers("input", WholeNetwork.batch * size.height * size.width * 3) }

  private static func values(_ parameter: Parameter, gain: Double) -> [Float] {
    let shape = parameter.shape
    let numbers = TestGraph.numbers(parameter.name, shape.reduce(1, *))
    if parameter.name.hasSuffix(".gamma") { return numbers.map { $0 * 0.5 + 1 } }
    if shape.count == 1 { return numbers.map { $0 * 0.3 } }
    let inputs = (shape.count == 3 ? shape.prefix(2) : shape.dropLast()).reduce(1, *)
    let bound = Float((gain / Double(inputs)).squareRoot())
    return numbers.map { $0 * bound }
  }

  /// Runs forward, and backward from gradients of the outputs by formula.
  func run(_ network: TrainableNetwork) {
    network.forward(isTraining: true)
    for index in network.graph.outputs.indices {
      let gradient = network.answerGradient(index)
      gradient.set(TestGraph.numbers("answer gradient \(index)", gradient.count))
    }
    network.backward()
  }
}

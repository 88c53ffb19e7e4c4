import Backbone
import Foundation
import Graphs
import PyramidLite
import SSDLite
import Testing

/// A graph as JSON: encoding, decoding, and untrusted input.
@Suite struct GraphCodingTests {
  private static let layout = NetworkLayout.mobileNetV2(width: 0.35, hasLastConvolution: false)
  private static let (height, width) = (97, 129)

  /// A head with every operation.
  private static func head() throws -> Graph {
    let backbone = layout.graph
    var graph = backbone
    let deep = try graph.value(of: .block(16))
    let fine = try graph.value(of: .expansion(6))
    let narrow = graph.pointwise("a", deep, outputs: 16, .relu, isNormalised: false)
    let pooled = graph.globalPooling(narrow)
    let joined = graph.concatenation(graph.sum(narrow, pooled, .relu6), pooled)
    let wide = graph.resize(joined, like: fine, .halfPixel)
    let filtered = graph.depthwise(
      "b", wide, kernel: 5, stride: 2, dilation: 3, padding: .symmetric, .hardSwish, isNormalised: false)
    graph.name(filtered, Tap("mine"))
    let excited = graph.squeezeExcite("c", graph.shuffle(filtered, groups: 4), squeezed: 3)
    let dense = graph.convolution(
      "d", graph.activation(excited, .sigmoid), outputs: 6, window: Graph.Window(1, 3), groups: 2, .linear,
      isNormalised: false)
    let both = graph.concatenation(
      graph.pooling(dense, .maximum(Graph.Window(3, 3))), graph.pooling(dense, .average(Graph.Window(3, 3))))
    graph.output(graph.pointwise("e", both, outputs: 5, .linear, isNormalised: false))
    return try graph.suffix(after: backbone.nodes.count)
  }

  private static func json(_ graph: Graph) throws -> [String: Any] {
    try #require(JSONSerialization.jsonObject(with: try JSONEncoder().encode(graph)) as? [String: Any])
  }

  /// Decodes a graph and, like a program, appends it to its backbone for an input of that size.
  private static func read(_ json: [String: Any]) throws -> Graph {
    let head = try JSONDecoder().decode(Graph.self, from: JSONSerialization.data(withJSONObject: json))
    var whole = layout.graph
    try whole.append(head)
    _ = try whole.checkedShapes { _ in Shape(height: height, width: width, channels: 3) }
    return head
  }

  @Test func thereAndBack() throws {
    let head = try Self.head()
    #expect(try Self.read(Self.json(head)) == head)
    var pyramid = Self.layout.graph
    try pyramid.pyramid(outputs: 4, .usual(on: Self.layout))
    let part = try pyramid.suffix(after: Self.layout.graph.nodes.count)
    #expect(try Self.read(Self.json(part)) == part)
    // The whole network with its backbone, with an image as input.
    let again = try JSONDecoder().decode(Graph.self, from: JSONEncoder().encode(pyramid))
    #expect(again.parameters == pyramid.parameters && again.taps == pyramid.taps && again.outputs == pyramid.outputs)
    // A head appended to a backbone and cut off again is the same.
    var whole = Self.layout.graph
    try whole.append(head)
    #expect(try whole.suffix(after: Self.layout.graph.nodes.count) == head)
  }

  private static var values: [Any] {
    [
      Int.min, -1, 0, 1, 2, 3, 5, 8, 9, 64, 65536, 1 << 33, Int.max, 0.5, "same", "relu", "", "block3", [1], [3, 3],
      [-1],
      [0, 1], [99, 2], [1 << 40, 3], NSNull(), [String: Any](),
    ]
  }

  @Test(arguments: [
    ("reads a later node", 1, "inputs", "[19]"), ("reads itself", 1, "inputs", "[1]"),
    ("reads before all", 1, "inputs", "[-1]"), ("reads too few", 3, "inputs", "[1]"),
    ("no such tap", 0, "name", "\"block99\""), ("no channels", 1, "channels", "0"),
    ("too many channels", 1, "channels", "1099511627776"), ("an even kernel", 7, "kernel", "[4, 4]"),
    ("a kernel of one axis", 7, "kernel", "[3]"), ("other sizes", 3, "inputs", "[1, 5]"),
    ("other groups", 14, "groups", "7"),
  ]) func whatCannotRunIsRefused(kind: String, place: Int, key: String, value: String) throws {
    var json = try Self.json(Self.head())
    var nodes = try #require(json["nodes"] as? [[String: Any]])
    nodes[place][key] = try JSONSerialization.jsonObject(with: Data(value.utf8), options: .fragmentsAllowed)
    json["nodes"] = nodes
    #expect(throws: (any Error).self, "\(kind)") { try Self.read(json) }
  }

  @Test func outputsThatAreNoneAreRefused() throws {
    for places in [[99], [-1], [0]] {
      var json = try Self.json(Self.head())
      json["outputs"] = places
      #expect(throws: (any Error).self) { try Self.read(json) }
    }
  }

  /// A valid but unusual network runs or is refused, and never traps.
  @Test func strangeNetworksRunOrAreRefused() throws {
    func run(_ build: (inout Graph, Graph.Value) -> Graph.Value) throws -> [SharedTensor] {
      var graph = Graph()
      let image = graph.input()
      let last = build(&graph, image)
      graph.name(last, .last)
      graph.output(last)
      let again = try JSONDecoder().decode(Graph.self, from: JSONEncoder().encode(graph))
      #expect(again.deepest.tap == .last)
      let network = try Network(again, weights: .random(again.parameters), session: Session(threads: 2))
      return try network.outputs(of: Tensor(zeros: Shape(height: 40, width: 33, channels: 3)))
    }
    // A product of strides that overflows.
    _ = try run { graph, image in
      (0..<300).reduce(image) { x, _ in graph.pooling(x, .maximum(Graph.Window(3, 3, stride: 8))) }
    }
    // More groups than a GEMM has segments.
    _ = try run { graph, image in
      let wide = graph.pointwise("a", image, outputs: 24, .relu)
      let filtered = graph.depthwise("b", graph.shuffle(wide, groups: 12), padding: .same, .linear)
      return graph.pointwise("c", filtered, outputs: 12, groups: 12, .relu)
    }
    // More memory than the machine has: maps that are all live until the end.
    #expect(throws: (any Error).self) {
      try run { graph, image in
        let maps = (0..<40).map { graph.pointwise("layer\($0)", image, outputs: 65536, .relu) }
        return maps.dropFirst().reduce(maps[0]) { graph.sum($0, $1) }
      }
    }
  }

  /// Any small change is refused, or describes a network whose shapes can be computed.
  @Test func noChangeCrashes() throws {
    let json = try Self.json(Self.head())
    let nodes = try #require(json["nodes"] as? [[String: Any]])
    var (refused, read) = (0, 0)
    let kinds = [
      "input", "convolution", "add", "activation", "concatenation", "scale", "resize", "shuffle", "maximum-pooling",
      "average-pooling", "global-pooling",
    ]
    for place in nodes.indices {
      for key in ["inputs", "channels", "stride", "dilation", "groups", "kernel", "name", "tensors", "operation"] {
        for value in key == "operation" ? kinds as [Any] : Self.values {
          var changed = json
          var some = nodes
          some[place][key] = value
          changed["nodes"] = some
          if (try? Self.read(changed)) == nil { refused += 1 } else { read += 1 }
        }
      }
    }
    #expect(refused > 1000 && read > 100, "\(refused) refused, \(read) read")
  }
}

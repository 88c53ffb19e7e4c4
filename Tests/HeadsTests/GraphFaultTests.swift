import Backbone
import Graphs
import ModelFiles
import Tensors
import Testing

/// A graph that cannot run records its first fault while it is built, and every function that takes the graph throws
/// it.
@Suite struct GraphFaultTests {
  private static let faults: [(String, @Sendable (inout Graph, Graph.Value) -> Void)] = [
    ("3 and 8 channels in 2 groups", { _ = $0.pointwise("a", $1, outputs: 8, groups: 2, .linear) }),
    ("3 and 8 channels in 0 groups", { _ = $0.pointwise("a", $1, outputs: 8, groups: 0, .linear) }),
    ("expected 1 to 65536", { _ = $0.pointwise("a", $1, outputs: 0, .linear) }),
    ("expected 1 to 65536", { _ = $0.pointwise("a", $1, outputs: -3, .linear) }),
    (
      "named \"a\", which is empty, too long or taken",
      {
        _ = $0.pointwise("a", $1, outputs: 4, .linear)
        _ = $0.pointwise("a", $1, outputs: 4, .linear)
      }
    ),
    ("named \"\"", { _ = $0.pointwise("", $1, outputs: 4, .linear) }),
    ("kernel [4, 4]", { _ = $0.depthwise("a", $1, kernel: 4, padding: .same, .linear) }),
    ("stride of 0", { _ = $0.depthwise("a", $1, stride: 0, padding: .same, .linear) }),
    ("dilation of 0", { _ = $0.pooling($1, .average(Graph.Window(3, 3, dilation: 0))) }),
    ("maps of 3 and 4 channels", { _ = $0.sum($1, $0.pointwise("a", $1, outputs: 4, .linear)) }),
    ("maps of 3 and 4 channels", { _ = $0.scale($1, by: $0.pointwise("a", $1, outputs: 4, .linear)) }),
    ("shuffles 3 channels in 2 groups", { _ = $0.shuffle($1, groups: 2) }),
    ("reads 0 layers", { graph, _ in _ = graph.concatenation([]) }),
    ("the name \"image\"", { graph, _ in _ = graph.input() }),
    (
      "the name \"mine\"",
      { graph, image in
        graph.name(graph.globalPooling(image), Tap("mine"))
        graph.name(graph.globalPooling(image), Tap("mine"))
      }
    ),
    (
      "of another graph",
      { graph, _ in
        var other = Graph()
        var value = other.input(channels: 7)
        for _ in 0..<5 { value = other.globalPooling(value) }
        _ = graph.globalPooling(value)
      }
    ),
    (
      "is an output and not there",
      { graph, _ in
        var other = Graph()
        var value = other.input()
        for _ in 0..<5 { value = other.globalPooling(value) }
        graph.output(value)
      }
    ),
    ("is an input and an output", { $0.output($1) }),
  ]

  @Test(arguments: faults.indices) func isKeptAndThrown(index: Int) throws {
    let (words, build) = Self.faults[index]
    var graph = Graph()
    let image = graph.input()
    build(&graph, image)
    let fault = try #require(graph.fault)
    #expect(fault.description.contains(words), "\(fault)")
    // Further operations have no effect, and the first fault remains.
    let nodes = graph.nodes
    graph.output(graph.squeezeExcite("behind", image, squeezed: 2))
    #expect(graph.fault == fault && graph.nodes == nodes)
    #expect(throws: BackboneError.self) { try Network(graph, weights: .random([])) }
    #expect(throws: GraphError.self) { try graph.suffix(after: 1) }
    var other = Graph()
    _ = other.input()
    #expect(throws: fault) { try other.append(graph) }
  }

  @Test func whatIsRightHasNoFault() throws {
    var graph = Graph()
    graph.output(graph.squeezeExcite("gate", graph.input(), squeezed: 2))
    #expect(graph.fault == nil)
    #expect(throws: BackboneError.self) { try Network(Graph(), weights: .random([])) }
  }
}

// A network of one's own, with operations that MobileNetV2 lacks: what is described is what runs, learns and is saved.
import Models

var graph = Graph()
let image = graph.input()
let stem = graph.convolution("stem", image, outputs: 16, window: Graph.Window(3, 3, stride: 2), .hardSwish)
let wide = graph.pointwise("block0.expand", stem, outputs: 64, .hardSwish)
let filtered = graph.depthwise("block0.filter", wide, kernel: 5, padding: .same, .hardSwish)
let gated = graph.squeezeExcite("block0.gate", filtered, squeezed: 16)
let narrow = graph.pointwise("block0.project", gated, outputs: 16, .linear)
graph.name(graph.sum(narrow, stem), .block(0))

print("\(graph.parameters.count) tensors; block0 at 224:", graph.shape(of: .block(0), height: 224, width: 224))
let network = try Network(graph, weights: .random(graph.parameters))
let maps = try network.features(of: Tensor(zeros: Shape(height: 224, width: 224, channels: 3)), taps: [.block(0)])
print(maps[.block(0)].shape)

// What can't run is not appended, and said when the graph is used: nothing traps, and nothing is lost after a training.
var wrong = graph
_ = wrong.pointwise("stem", image, outputs: 8, .linear)
do { _ = try Network(wrong, weights: .random(wrong.parameters)) } catch { print(error) }

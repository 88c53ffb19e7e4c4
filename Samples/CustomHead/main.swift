// A head of one's own: which places of a picture are unlike the rest of it?
//
// Its layers are appended to the backbone's graph, a depthwise-separable convolution to 16 channels on each of two maps; code
// measures at every place the distance from the map's mean. The layers are seeded random projections here; with trained
// weights the same head learns.
import Backbone

struct NoveltyHead {
  static let channels = 16
  let network: Network

  /// Appends the layers to a backbone's graph.
  init(on backbone: Graph, taps: [Tap], weights: Weights?) throws {
    var graph = backbone
    for (index, tap) in taps.enumerated() {
      let map = try graph.value(of: tap)
      let filtered = graph.depthwise("novelty\(index).depthwise", map, padding: graph.padding, .relu6)
      graph.output(
        graph.pointwise("novelty\(index).pointwise", filtered, outputs: NoveltyHead.channels, .linear))
    }
    // Weights of the backbone alone are joined with random ones for the layers that are new.
    let random = Weights.random(graph.parameters)
    network = try Network(graph, weights: weights.map { $0.filled(from: random) } ?? random)
  }

  /// Distances in [0, 1] at the places of the first tap's map.
  func callAsFunction(_ image: borrowing Tensor) throws -> (shape: Shape, distances: [Float]) {
    let maps = try network.outputs(of: image)
    let shape = maps[0].shape
    var total = [Float](repeating: 0, count: shape.pixels)
    for map in maps {
      let distances = NoveltyHead.distances(map.tensor.values())
      for y in 0..<shape.height {
        for x in 0..<shape.width {
          let row = y * map.shape.height / shape.height
          let column = x * map.shape.width / shape.width
          total[y * shape.width + x] += distances[row * map.shape.width + column]
        }
      }
    }
    return (shape, NoveltyHead.normalised(total))
  }

  private static func distances(_ values: [Float]) -> [Float] {
    let pixels = values.count / channels
    let mean = (0..<channels).map { c in (0..<pixels).reduce(0) { $0 + values[$1 * channels + c] } / Float(pixels) }
    return normalised(
      (0..<pixels).map { p in
        (0..<channels).reduce(0) { sum, c in
          let difference = values[p * channels + c] - mean[c]
          return sum + difference * difference
        }
      })
  }

  private static func normalised(_ values: [Float]) -> [Float] {
    let (least, most) = (values.min() ?? 0, values.max() ?? 1)
    return values.map { ($0 - least) / max(most - least, 1e-9) }
  }
}

// A model file on the command line brings trained features; without one the backbone is random and seeded, too.
let taps = [Tap.block(2), .block(5)]
let head: NoveltyHead
if CommandLine.arguments.count > 1 {
  let model = try ModelFile.open(path: CommandLine.arguments[1])
  head = try NoveltyHead(on: Graph(model.card.backbone), taps: taps, weights: model.weights)
} else {
  head = try NoveltyHead(on: NetworkLayout.mobileNetV2(width: 0.35).graph, taps: taps, weights: nil)
}

// A picture made on the spot: a bright disc on a dark ground.
let size = 192
let pixels = (0..<size * size).flatMap { i -> [Float] in
  let (y, x) = (Float(i / size) - 80, Float(i % size) - 120)
  return [Float](repeating: x * x + y * y < 1200 ? 0.9 : -0.8, count: 3)
}
let (shape, distances) = try head(Tensor(Shape(height: size, width: size, channels: 3), pixels))

print("\(taps[0]) and \(taps[1]) of a \(size)x\(size) picture; how unlike the rest each place is:")
let shades = Array(" .:-=+*#%@")
for y in stride(from: 0, to: shape.height, by: 2) {
  print(String((0..<shape.width).map { shades[Int(distances[y * shape.width + $0] * 9)] }))
}

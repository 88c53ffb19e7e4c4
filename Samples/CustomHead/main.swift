// A head of one's own: which places of a picture are unlike the rest of it?
//
// It taps two maps, brings each to 16 channels with a separable predictor, and measures at every place the distance from
// the map's mean. Its layers are seeded random projections here; with trained weights the same head learns.
import Backbone
import HeadKit

struct NoveltyHead: Head {
  static let channels = 16
  let taps: [Tap]
  private let predictors: [SeparablePredictor]

  /// Asks the backbone how wide the taps are, and makes a predictor for each.
  init(on backbone: any Backbone, taps: [Tap]) throws {
    self.taps = taps
    var predictors: [SeparablePredictor] = []
    for tap in taps {
      let inputs = try backbone.info(tap).channels
      let weights = Weights.random(
        SeparablePredictor.parameters("novelty", inputs: inputs, outputs: NoveltyHead.channels))
      predictors.append(
        try SeparablePredictor(
          "novelty", inputs: inputs, outputs: NoveltyHead.channels, padding: backbone.layout.padding, weights: weights,
          compute: backbone.compute))
    }
    self.predictors = predictors
  }

  /// Distances in [0, 1] at the places of the first tap's map.
  func callAsFunction(_ maps: FeatureMaps) -> (shape: Shape, distances: [Float]) {
    let shape = maps[taps[0]].shape
    var total = [Float](repeating: 0, count: shape.pixels)
    for (tap, predictor) in zip(taps, predictors) {
      let map = predictor(maps[tap].tensor)
      let distances = NoveltyHead.distances(map.values())
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
let backbone: Network
if CommandLine.arguments.count > 1 {
  let model = try ModelFile.open(path: CommandLine.arguments[1])
  backbone = try Network(model.card.backbone, weights: model.weights)
} else {
  let layout = NetworkLayout.mobileNetV2(width: 0.35)
  backbone = try Network(layout, weights: .random(layout.parameters))
}

// A picture made on the spot: a bright disc on a dark ground.
let size = 192
let pixels = (0..<size * size).flatMap { i -> [Float] in
  let (y, x) = (Float(i / size) - 80, Float(i % size) - 120)
  return [Float](repeating: x * x + y * y < 1200 ? 0.9 : -0.8, count: 3)
}
let head = try NoveltyHead(on: backbone, taps: [.block(2), .block(5)])
let (shape, distances) = try head.run(on: backbone, Tensor(Shape(height: size, width: size, channels: 3), pixels))

print("\(head.taps[0]) and \(head.taps[1]) of a \(size)x\(size) picture; how unlike the rest each place is:")
let shades = Array(" .:-=+*#%@")
for y in stride(from: 0, to: shape.height, by: 2) {
  print(String((0..<shape.width).map { shades[Int(distances[y * shape.width + $0] * 9)] }))
}

import Backbone

/// A head that counts the strongest channel of a tap.
struct LoudestChannel: Head {
  let taps: [Tap] = [.expansion(13)]

  func callAsFunction(_ maps: FeatureMaps) -> Int {
    let map = maps[.expansion(13)]
    let (values, channels) = (map.tensor.values(), map.shape.channels)
    var sums = [Float](repeating: 0, count: channels)
    for (index, value) in values.enumerated() { sums[index % channels] += value }
    return sums.indices.max { sums[$0] < sums[$1] }!
  }
}

let graph = NetworkLayout.mobileNetV2(width: 0.35).graph
let backbone = try Network(graph, weights: .random(graph.parameters), session: Session(threads: 1))
let loudest = try LoudestChannel().run(on: backbone, Tensor(zeros: Shape(height: 64, width: 64, channels: 3)))
let channels = try backbone.info(.expansion(13)).channels
precondition(loudest < channels)
print("an outside package found channel \(loudest) the loudest of \(channels)")

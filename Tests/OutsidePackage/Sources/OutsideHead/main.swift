import Backbone
import HeadKit

/// Counts the strongest channel of a tap.
struct LoudestChannel: Head {
  let taps: [Tap] = [.expansion(13)]

  func callAsFunction(_ maps: FeatureMaps) -> Int {
    let mean = globalPooling(maps[.expansion(13)].tensor, compute: compute).values()
    return mean.indices.max { mean[$0] < mean[$1] }!
  }

  let compute: Compute
}

let layout = NetworkLayout.mobileNetV2(width: 0.35)
let compute = Compute(threads: 1)
let backbone = try Network(layout, weights: .random(layout.parameters), compute: compute)
let loudest = try LoudestChannel(compute: compute).run(
  on: backbone, Tensor(zeros: Shape(height: 64, width: 64, channels: 3)))
let channels = try backbone.info(.expansion(13)).channels
precondition(loudest < channels)
print("an outside package found channel \(loudest) the loudest of \(channels)")

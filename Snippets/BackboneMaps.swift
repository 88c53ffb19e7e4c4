// The maps inside a network: MobileNetV2 with random weights here; `Graph(model.card.backbone)` is that of a model file.
import Backbone

let backbone = NetworkLayout.mobileNetV2(width: 1, outputStride: 16).graph
let network = try Network(backbone, weights: .random(backbone.parameters))
let tensor = Tensor(zeros: Shape(height: 224, width: 224, channels: 3))
let maps = try network.features(of: tensor, taps: [.block(5), .expansion(13)])
print(maps[.block(5)].shape)
maps[.expansion(13)].tensor.withSpan { values in print(values.count) }  // [N, H, W, C], 576 channels at width 1

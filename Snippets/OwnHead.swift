// A head of one's own on a model's backbone: it is layers on the backbone's graph, learns from pictures with masks, alone or
// with blocks of the backbone, and is saved in a file that `segment --model` runs.
import Models
import Training

let model = try ModelStore.standard().open("person-ssdlite")
var graph = try Graph(model.card.backbone)
let narrow = graph.pointwise("mine.narrow", try graph.value(of: .expansion(13)), outputs: 64, .relu6)
let filtered = graph.depthwise("mine.filter", narrow, padding: .same, .relu6)
graph.output(graph.pointwise("mine.logits", filtered, outputs: 2, .linear, isNormalised: false))

let (training, validation) = try Dataset.open("Samples/Balls").withMasks.split(by: .every(5, offset: 0))
let task = try SegmentationTraining(
  base: model, classes: training.classNames, kind: .custom(graph), learning: .blocks(from: 14))
let samples = try TrainingSamples(
  training: training, validation: validation, variants: 2, augmentation: .strong(width: 300, height: 300), seed: 1)
let result = try task.train(
  from: samples, schedule: Schedule(epochs: 3, batch: 8, optimiser: Optimiser(.adamw, rate: 0.002)), cache: "maps")
try result.model.write(to: "mine.safetensors")

let segmenter = try Segmenter(ModelFile.open(path: "mine.safetensors"))
let mask = try segmenter.segment(ImageFile.read(path: "Samples/Balls/images/ball05.jpg"))
print(mask.pixelCounts().map { (segmenter.labels[$0] ?? "class \($0)", $1) })

// A custom network through the public API alone: built, compared with PyTorch, trained with a head, saved, opened and
// run.
//
// OutsideNetwork GOLDEN DATA OUT.safetensors
import Backbone
import Foundation
import Training
import Vision

let arguments = CommandLine.arguments
guard arguments.count == 4 else { fatalError("usage: OutsideNetwork GOLDEN DATA OUT.safetensors") }

// MARK: The outputs equal PyTorch's

struct Golden: Decodable {
  let height, width: Int
  let taps: [String: [Float]]
}

let backbone = SmallNetwork.graph()
let weights = Formula.weights(backbone.parameters)
let golden = try JSONDecoder().decode(Golden.self, from: Data(contentsOf: URL(fileURLWithPath: arguments[1])))
let shape = Shape(height: golden.height, width: golden.width, channels: 3)
let network = try Network(backbone, weights: weights, session: Session(threads: 2))
let maps = try network.features(
  of: Tensor(shape, Formula.values("image", shape.count, bound: 1)), taps: golden.taps.keys.map { Tap($0) })
for (name, expected) in golden.taps.sorted(by: { $0.key < $1.key }) {
  let found = maps[Tap(name)].tensor.values()
  precondition(found.count == expected.count, "\(name): \(found.count) values, expected \(expected.count)")
  let peak = expected.reduce(0) { max($0, abs($1)) }
  let worst = zip(found, expected).reduce(Float(0)) { max($0, abs($1.0 - $1.1) / max(abs($1.1), 0.01 * peak)) }
  print("\(name): largest error \(worst) of \(expected.count)")
  precondition(worst <= 1e-4, "\(name) is off by \(worst)")
}

// MARK: Training of a head, with the last blocks

let half: [Float] = [127.5, 127.5, 127.5]
let card = ModelCard(
  name: "small-network", task: .features, family: "outside",
  provenance: Provenance(origin: "an outside package", licence: "MIT", sourceSHA256: String(repeating: "0", count: 64)),
  backbone: BackboneCard(backbone),
  input: InputCard(
    width: 96, height: 96, fit: .stretch, grid: .halfPixel, antialias: true, mean: half, standardDeviation: half))
let base = ModelFile(path: "small-network", card: card, weights: weights)

var graph = backbone
let deep = graph.pointwise("mine.deep", try graph.value(of: .block(4)), outputs: 32, .hardSwish)
let fine = graph.pointwise("mine.fine", try graph.value(of: .block(2)), outputs: 32, .linear)
let joined = graph.sum(fine, graph.resize(deep, like: fine, .halfPixel), .relu)
graph.output(graph.pointwise("mine.logits", joined, outputs: 2, .linear, isNormalised: false))

let (training, validation) = try Dataset.open(arguments[2]).withMasks.split(by: .every(5, offset: 0))
let task = try SegmentationTraining(
  base: base, classes: training.classNames, kind: .custom(graph), learning: .behind(.block(1)), session: Session())
let samples = try TrainingSamples(
  training: training, validation: validation, variants: 1, augmentation: .strong(width: 96, height: 96), seed: 1)
var losses: [Double] = []
let result = try task.train(
  "small-masks", from: samples, schedule: Schedule(epochs: 5, batch: 8, optimiser: Optimiser(.adamw, rate: 0.004)),
  cache: arguments[3] + ".features"
) { step, _, loss in
  losses.append(loss)
  return step < 10
}
try FileManager.default.removeItem(atPath: arguments[3] + ".features")
print("ten steps: loss \(losses.first!) to \(losses.last!)")
precondition(losses.count == 10 && losses.last! < losses.first!)

// MARK: One file with the whole network

try ModelFile.write(card: result.model.card, weights: result.model.weights, to: arguments[3])
let opened = try ModelFile.open(path: arguments[3])
let image = try ImageFile.read(path: arguments[2] + "/images/ball05.jpg")
let mask = try Segmenter(opened).segment(image)
let unsaved = try Segmenter(result.model).segment(image)
precondition(mask == unsaved)
print("\(opened.card.name): \(mask.pixelCounts())")

// A classifier of one's own, from a folder with a folder of pictures for each class, which are cut out of the samples here. The
// file that comes of it runs in `backbone classify --model` too.
import Foundation
import Models
import Training

for name in ["ball", "ground"] {
  try FileManager.default.createDirectory(atPath: "crops/\(name)", withIntermediateDirectories: true)
}
for (number, sample) in try Dataset.open("Samples/Balls").samples.enumerated() {
  let labelled = try sample.read()
  guard let box = labelled.boxes.first?.box else { continue }
  let image = labelled.image
  let side = Int(max(box.width, box.height)) + 1
  let ball = ImageRegion(x: max(Int(box.x1), 0), y: max(Int(box.y1), 0), width: side, height: side)
  let ground = ImageRegion(
    x: box.center.x < Float(image.width) / 2 ? image.width - side : 0, y: 0, width: side, height: side)
  for (name, region) in [("ball", ball), ("ground", ground)] {
    guard let part = image.cropped(to: region) else { continue }
    try ImageFile.write(part, to: "crops/\(name)/\(number).png", as: .png)
  }
}

let model = try ModelStore.standard().open("objects-ssdlite")
let (training, validation) = try Dataset.open("crops").split(by: .every(4, offset: 0))
let lesson = try ClassificationTraining(base: model, classes: Array(training.classNames.dropFirst()))
let samples = try TrainingSamples(
  training: training, validation: validation, variants: 4, augmentation: .strong(width: 321, height: 321), seed: 1)
let schedule = Schedule(epochs: 5, batch: 8, optimiser: Optimiser(.adamw, rate: 0.01))
let learned = try lesson.train("balls", from: samples, schedule: schedule, cache: "maps")
try learned.model.write(to: "balls.safetensors")

let classifier = try ImageClassifier(ModelFile.open(path: "balls.safetensors"))
let image = try ImageFile.read(path: "crops/ball/0.png")
for one in try classifier.classify(image, top: 2) { print(one.label, one.score) }

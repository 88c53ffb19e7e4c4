// The Swift of the README, line by line; a test compares the two. It is compiled, and run only where its files exist.
import Backbone
import Objects
import Training
import Vision

func library() throws {
  let model = try ModelFile.open(path: "person-ssdlite.safetensors")
  let detector = try Detector(model)
  let image = try ImageFile.read(path: "street.jpg")
  for found in try detector.detect(image) where found.score > 0.5 {
    print(found.label, found.score, found.box)
  }
}

func bytes(_ request: [UInt8], _ frame: [UInt8], _ detector: Detector) throws {
  let body = try ImageFile.decode(bytes: request, name: "the request")
  let overlay = try ImageFile.encode(body, as: .jpeg(quality: 85))
  let people = try PixelView.withView(of: frame.span, width: 1280, height: 720, format: .nv12) {
    try detector.detect($0)
  }
  print(overlay.count, people.count)
}

func throughput(_ model: ModelFile, _ names: [String]) async throws {
  let (single, cores) = (try Detector(model, threads: 1), WorkerPool.usableProcessors)
  try await withThrowingTaskGroup(of: Void.self) { group in
    for core in 0..<cores {
      let own = single.running(on: Session(threads: 1))
      group.addTask {
        for index in stride(from: core, to: names.count, by: cores) {
          print(names[index], try await own.detect(ImageFile.read(path: names[index])).count)
        }
      }
    }
    try await group.waitForAll()
  }
}

func both(_ image: Image) throws {
  let store = try ModelStore.user(shipped: [Objects.detector, Objects.mask])
  let masks = try store.open("objects-mask").resized(to: 321)  // as the detector's; its own 449 outlines more finely
  let both = try DetectorSegmenter(store.open("objects-ssdlite"), masks)
  print(both)  // objects-ssdlite and objects-mask run 7 of 17 blocks of the backbone once for both
  let answer = try both.analyse(image)  // answer.detections, answer.mask
  print(answer.detections.count, answer.mask.width)
}

func network(_ tensor: borrowing Tensor) throws {
  let backbone = NetworkLayout.mobileNetV2(width: 1, outputStride: 16).graph  // or Graph(model.card.backbone)
  let network = try Network(backbone, weights: .random(backbone.parameters))
  let maps = try network.features(of: tensor, taps: [.block(5), .expansion(13)])
  maps[.expansion(13)].tensor.withSpan { values in print(values.count) }  // [N, H, W, C], 576 channels at width 1
}

func training(_ model: ModelFile) throws {
  var graph = try Graph(model.card.backbone)
  let narrow = graph.pointwise("mine.narrow", try graph.value(of: .expansion(13)), outputs: 64, .relu6)
  let filtered = graph.depthwise("mine.filter", narrow, padding: .same, .relu6)
  graph.output(graph.pointwise("mine.logits", filtered, outputs: 2, .linear, isNormalised: false))

  let (training, validation) = try Dataset.open("Samples/Balls").withMasks.split(by: .every(5, offset: 0))
  let task = try SegmentationTraining(
    base: model, classes: training.classNames, kind: .custom(graph), learning: .blocks(from: 14), session: Session())
  let samples = try TrainingSamples(
    training: training, validation: validation, variants: 8, augmentation: .strong(width: 300, height: 300), seed: 1)
  let result = try task.train(
    from: samples, schedule: Schedule(epochs: 10, batch: 8, optimiser: Optimiser(.adamw, rate: 0.002)), cache: "maps")
  try ModelFile.write(card: result.model.card, weights: result.model.weights, to: "mine.safetensors")
}

try network(Tensor(zeros: Shape(height: 64, width: 64, channels: 3)))

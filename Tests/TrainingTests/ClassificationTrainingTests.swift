import Backbone
import Datasets
import Files
import ImageCodecs
import ImageTypes
import Kernels
import ModelFiles
import Tensors
import TestSupport
import Testing
import Training
import Vision

/// Classifiers and detectors trained on folders, through the public API.
@Suite struct ClassificationTrainingTests {
  private static let colours: [(name: String, red: UInt8, green: UInt8)] = [("green", 30, 200), ("red", 200, 30)]

  /// Writes a folder of images of two colours.
  private func write(_ folder: String) throws {
    var random = SplitMix64(seed: 5)
    for (name, red, green) in Self.colours {
      try Folder.make("\(folder)/\(name)")
      for number in 0..<8 {
        let pixels = (0..<48 * 40).flatMap { _ in
          [red, green, 60].map { UInt8(clamping: Int($0) + random.integer(in: -30...30)) }
        }
        let png = try PNGEncoder.encode(Image(width: 48, height: 40, pixels: pixels))
        try AtomicFile.write(png, to: "\(folder)/\(name)/\(number).png")
      }
    }
  }

  private func samples(_ folder: String, size: Int = 64) throws -> TrainingSamples {
    let (training, validation) = try Dataset.open(folder).split(by: .every(4, offset: 0))
    return try TrainingSamples(
      training: training, validation: validation, variants: 2, augmentation: Augmentation(width: size, height: size),
      seed: 1)
  }

  private static func schedule(_ epochs: Int) -> Schedule {
    Schedule(epochs: epochs, batch: 4, optimiser: Optimiser(.adamw, rate: 0.01))
  }

  @Test(arguments: [LearningPart.none, .blocks(from: 15)])
  func aClassifierLearnsAndRuns(learning: LearningPart) throws {
    try TestData.withTemporaryFolder { folder in
      try write(folder + "/data")
      // A base with a classifier of other classes starts with a new one.
      var base = try RandomBase.model(side: 64)
      var card = base.card
      (card.task, card.classifierOutputs) = (.classify, 5)
      var whole = try Graph(card.backbone)
      whole.classifier(outputs: 5)
      base = ModelFile(path: "base", card: card, weights: .random(whole.parameters))
      var checksums: Set<String> = []
      for threads in [1, 3] {
        let task = try ClassificationTraining(
          base: base, classes: Self.colours.map(\.name), learning: learning, session: Session(threads: threads))
        let result = try task.train(
          "colours", from: samples(folder + "/data"), schedule: Self.schedule(40), cache: folder + "/c\(threads)")
        let names = result.model.weights.entries.keys.sorted()
        checksums.insert(result.model.weights.checksum(of: names))
        #expect(Set(result.weights.entries.keys).isSuperset(of: ["classifier.weight", "classifier.bias"]))
        #expect((result.weights.entries.count > 2) == (learning != .none))
        #expect(result.records.last!.loss < 0.5 * result.records[0].loss)
        #expect(result.records.contains { $0.metric == 1 })

        let path = "\(folder)/model.safetensors"
        try ModelFile.write(card: result.model.card, weights: result.model.weights, to: path)
        let classifier = try ImageClassifier(ModelFile.open(path: path), threads: 1)
        for (output, colour) in Self.colours.enumerated() {
          let picture = try ImageFile.read(path: "\(folder)/data/\(colour.name)/0.png")
          let found = try classifier.classify(picture)
          #expect(
            found.count == 2 && found[0].label == colour.name && found[0].output == output && found[0].id == output)
        }
      }
      #expect(checksums.count == 1)
    }
  }

  @Test func aFrozenBackboneLeavesItsMeanAlone() throws {
    let base = try RandomBase.model(side: 64)
    let session = Session(threads: 1)
    let task = try ClassificationTraining(base: base, classes: ["a", "b"], session: session)
    let deepest = try Graph(base.card.backbone).deepest
    #expect(task.layout(samples: 1).shapes == [Shape(height: 1, width: 1, channels: deepest.channels)])
    let blocks = try ClassificationTraining(
      base: base, classes: ["a", "b"], learning: .blocks(from: 16), session: session)
    #expect(blocks.layout(samples: 1).taps == [.block(15)])
    #expect(throws: BackboneError.self) {
      try ClassificationTraining(base: base, classes: ["a", "b"], learning: .blocks(from: 40), session: session)
    }
  }

  @Test func classWeightsCount() throws {
    try TestData.withTemporaryFolder { folder in
      try write(folder + "/data")
      let task = try ClassificationTraining(
        base: RandomBase.model(side: 64), classes: Self.colours.map(\.name), session: Session(threads: 1))
      func share(_ weights: [Float]) throws -> Float {
        let result = try task.train(
          from: samples(folder + "/data"),
          schedule: Schedule(epochs: 3, batch: 4, optimiser: Optimiser(.sgd, rate: 0.01)), cache: folder + "/c",
          classWeights: weights)
        let picture = try ImageFile.read(path: "\(folder)/data/red/0.png")
        return try ImageClassifier(result.model).classify(picture).first { $0.label == "red" }!.score
      }
      #expect(try share([1, 10]) > share([10, 1]) + 0.05)
    }
  }

  @Test func otherClassesAreRefused() throws {
    try TestData.withTemporaryFolder { folder in
      try write(folder + "/data")
      let task = try ClassificationTraining(
        base: RandomBase.model(side: 64), classes: ["red", "green"], session: Session(threads: 1))
      #expect(throws: DatasetError.classes(expected: "(none), red, green", found: "(none), green, red")) {
        try task.train(from: samples(folder + "/data"), schedule: Self.schedule(40), cache: folder + "/c")
      }
    }
  }

  @Test func aDetectorLearnsByItsPublicForm() throws {
    try TestData.withTemporaryFolder { folder in
      try Folder.make(folder + "/images")
      try Folder.make(folder + "/labels")
      for number in 0..<8 {
        var image = Image(width: 64, height: 64, red: 60, green: 60, blue: 60)
        let left = 4 * number
        var pixels = image.pixels
        for y in 16..<48 { for x in left..<left + 32 { pixels[(y * 64 + x) * 3] = 250 } }
        image = Image(width: 64, height: 64, pixels: pixels)
        try AtomicFile.write(try PNGEncoder.encode(image), to: "\(folder)/images/\(number).png")
        let line = "0 \(Double(left + 16) / 64) 0.5 0.5 0.5\n"
        try AtomicFile.write(Array(line.utf8), to: "\(folder)/labels/\(number).txt")
      }
      try AtomicFile.write(Array("square\n".utf8), to: "\(folder)/classes.txt")
      let model = try RandomBase.model(side: 64, hasLast: true)
      var checksums: Set<String> = []
      for threads in [1, 2] {
        let task = try DetectionTraining(
          base: model, classes: ["background", "square"], loss: .multibox, session: Session(threads: threads))
        var steps = 0
        let result = try task.train(
          "squares", from: samples(folder), schedule: Self.schedule(12), cache: folder + "/c\(threads)"
        ) {
          step, all, _ in
          steps = step
          return step < all
        }
        #expect(steps == 36 && result.records.last!.loss < 0.8 * result.records[0].loss)
        #expect(result.model.card.labels == [ClassLabel(output: 1, id: 0, name: "square")])
        checksums.insert(result.model.weights.checksum(of: result.model.weights.entries.keys.sorted()))
        _ = try Detector(result.model).detect(ImageFile.read(path: "\(folder)/images/0.png"))
      }
      #expect(checksums.count == 1)
    }
  }
}

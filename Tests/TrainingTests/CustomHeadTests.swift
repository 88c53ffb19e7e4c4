import Backbone
import Datasets
import Graphs
import Kernels
import ModelFiles
import TestSupport
import Testing
import Training
import Vision

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A custom head, as in the README: built, trained on the sample data set, and run.
@Suite struct CustomHeadTests {
  @Test func aHeadOfOnesOwnLearnsAndRuns() throws {
    let model = try RandomBase.model(side: 96)
    var graph = try Graph(model.card.backbone)
    let session = Session(threads: 2)

    let map = try graph.value(of: .expansion(6))
    let narrow = graph.pointwise("mine.narrow", map, outputs: 16, .relu6)
    let filtered = graph.depthwise("mine.filter", narrow, padding: .same, .relu6)
    graph.output(graph.pointwise("mine.logits", filtered, outputs: 2, .linear, isNormalised: false))

    let data = try Dataset.open(TestData.packageRoot + "/Samples/Balls").withMasks
    #expect(data.samples.count == 24 && data.skipped.isEmpty)
    let (training, validation) = try data.split(by: .every(4, offset: 0))
    let task = try SegmentationTraining(
      base: model, classes: data.classNames, kind: .custom(graph), session: session)
    let samples = try TrainingSamples(
      training: training, validation: validation, variants: 2, augmentation: .none(width: 96, height: 96), seed: 1)
    try TestData.withTemporaryFolder { folder in
      var losses: [Double] = []
      let schedule = Schedule(
        epochs: 20, batch: 6, optimiser: Optimiser(.adamw, rate: 0.01, weightDecay: 0.01, warmUp: 5))
      let result = try task.train(from: samples, schedule: schedule, cache: folder + "/features") {
        losses.append($2)
        return true
      }
      #expect(losses.count == 120 && losses.suffix(10).reduce(0, +) < 0.5 * losses.prefix(10).reduce(0, +))
      let metric = try #require(result.records.last?.metric)
      // Background alone would have 0.46.
      #expect(metric > 0.52, "mean IoU \(metric)")
      let network = try Network(graph, weights: result.model.weights, session: session)
      let logits = try network.outputs(of: Synthetic.input(width: 96, height: 96))
      #expect(logits[0].shape == Shape(height: 12, width: 12, channels: 2))
      #expect(result.weights.entries.keys.allSatisfy { $0.hasPrefix("mine.") })
      // The file contains everything that running needs.
      let path = folder + "/mine.safetensors"
      try ModelFile.write(card: result.model.card, weights: result.model.weights, to: path)
      let image = try validation.samples[0].readImage()
      let (one, other) = (
        try Segmenter(result.model, threads: 1), try Segmenter(ModelFile.open(path: path), threads: 2)
      )
      let mask = try one.segment(image)
      #expect(try other.segment(image) == mask)
      #expect(other.card.name == "mine" && mask.pixelCounts().count == 2)
    }
  }
}

import Backbone
import DeepLabLite
import Graphs
import Kernels
import ModelFiles
import PyramidLite
import TestSupport
import Testing
import Training

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A run of the trainer on a feature cache of its own, the same as in `Tests/Golden/generate_training_curve.py`.
final class CurveRun {
  /// The golden of a run.
  struct Recorded: Decodable, CustomTestStringConvertible {
    let head: String
    let kind: Optimiser.Kind
    let rate, decay: Float
    let warmUp: Int
    let seed: UInt64
    let dice, averaging: Float
    /// The loss of every step.
    let losses: [Double]
    /// The final mean IoU, or the classifier's accuracy.
    let metric: Double
    /// The gradients of every parameter in the first step.
    let gradients: [TensorGolden]?

    var testDescription: String { "\(head) \(kind)" }
  }

  struct Curves: Decodable {
    let epochs, batch: Int
    let runs: [Recorded]
  }

  private static let samples = 32
  private static let training = 26
  private static let (height, width) = (25, 22)
  private static let layout = NetworkLayout.mobileNetV2(width: 0.35, outputStride: 32, hasLastConvolution: false)
  private static let shapes: [Tap: Shape] = [
    .block(15): Shape(height: 4, width: 3, channels: 56), .block(16): Shape(height: 4, width: 3, channels: 112),
    .expansion(13): Shape(height: 7, width: 6, channels: 192),
    .expansion(6): Shape(height: 13, width: 11, channels: 96),
  ]

  let folder: String
  private let cache: FeatureCache
  private let graph: Graph
  private let weights: Weights?
  private let schedule: Schedule
  private let dice: Float
  private let isClassifier: Bool

  /// - Parameters:
  ///   - rate: the learning rate in place of the recorded one.
  ///   - patience: epochs without a better metric after which the run ends.
  init(_ run: Recorded, of curves: Curves, rate: Float? = nil, patience: Int = 0) throws {
    folder = "\(FileManager.default.temporaryDirectory.path)/curve-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    var whole = Self.layout.graph
    let backbone = whole.nodes.count
    if run.head == "deeplab" {
      try whole.deepLabLite(outputs: 3, isNormalised: true)
      graph = try LearningPart.none.graph(of: whole, backbone: backbone)
      weights = nil
    } else if run.head == "classifier" {
      whole.classifier(outputs: 3)
      graph = try LearningPart.blocks(from: 16).graph(of: whole, backbone: backbone)
      weights = Self.trained(graph)
    } else {
      let levels = ["block16", "block13/expansion", "block6/expansion"]
      try whole.pyramid(outputs: 3, PyramidCard(levels: levels, widths: [24, 16]), isNormalised: true)
      graph = try LearningPart.blocks(from: 16).graph(of: whole, backbone: backbone)
      weights = Self.trained(graph)
    }
    var optimiser = Optimiser(run.kind, rate: rate ?? run.rate, weightDecay: run.decay, warmUp: run.warmUp)
    optimiser.backboneFactor = 0.1
    schedule = Schedule(
      epochs: curves.epochs, batch: curves.batch, seed: run.seed, optimiser: optimiser, averaging: run.averaging,
      patience: patience)
    dice = run.dice
    isClassifier = run.head == "classifier"
    cache = try Self.features(graph.inputTaps, isClassifier, path: folder + "/features")
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  /// The weights of the backbone's trained block.
  private static func trained(_ graph: Graph) -> Weights {
    var tensors: [String: (shape: [Int], values: [Float])] = [:]
    for one in graph.parameters where one.name.hasPrefix("backbone.") {
      let fanIn = [1: 100, 2: one.shape[0], 3: 9][one.shape.count]!
      let bound = Float((3.5 / Double(fanIn)).squareRoot())
      tensors[one.name] = (one.shape, TestGraph.numbers(one.name, one.shape.reduce(1, *), -bound, bound))
    }
    return Weights(source: "test", tensors: tensors)
  }

  private static func features(_ taps: [Tap], _ isClassifier: Bool, path: String) throws -> FeatureCache {
    let layout = FeatureCache.Layout(
      samples: samples, taps: taps, shapes: taps.map { shapes[$0]! }, truth: isClassifier ? 1 : height * width)
    let classes = SplitMix64.seed(of: "curve group")
    let writer = try FeatureCache.Writer(path: path, key: "curve", layout: layout, limit: 1 << 30)
    let kernels = TrainingKernels(Session(threads: 1))
    let squares = SplitMix64.seed(of: "curve truth")
    let void = SplitMix64.seed(of: "curve void")
    let numbers = taps.map { tap in
      var generator = SplitMix64(named: "curve \(tap)")
      return (0..<samples * shapes[tap]!.count).map { _ in generator.unit() * 3 - 0.5 }
    }
    for sample in 0..<samples {
      let maps = zip(taps, numbers).map { tap, numbers in
        let shape = shapes[tap]!
        return kernels.halves(
          of: Tensor(shape, Array(numbers[sample * shape.count..<(sample + 1) * shape.count])))
      }
      let truth = (0..<height * width).map { pixel -> UInt8 in
        guard SplitMix64.number(at: sample * height * width + pixel, seed: void) % 7 != 0 else { return 255 }
        let square = (sample * 5 + pixel / width / 5) * 5 + pixel % width / 5
        return UInt8(SplitMix64.number(at: square, seed: squares) % 3)
      }
      let classIndex = UInt8(SplitMix64.number(at: sample, seed: classes) % 3)
      try writer.store(sample, maps: maps, truth: isClassifier ? [classIndex] : truth)
    }
    return try writer.finish()
  }

  /// A trainer before the first step.
  ///
  /// - Parameter checkpoint: the name of a file in `folder`.
  func trainer(session: Session, settings: [String: String] = [:], checkpoint: String? = nil) throws -> Trainer {
    let network = try TrainableNetwork(
      graph, batch: schedule.batch, tapShape: { Self.shapes[$0]! }, weights: self.weights, seed: schedule.seed,
      session: session)
    let weights: [Float] = [0.5, 1, 2]
    let objective: any Objective =
      isClassifier
      ? ClassificationObjective(weights: weights)
      : SegmentationObjective(
        height: Self.height, width: Self.width, weights: weights, dice: dice, upsampling: .halfPixel)
    return try Trainer(
      network, objective, cache: cache, training: Array(0..<Self.training),
      validation: Array(Self.training..<Self.samples), schedule: schedule, settings: settings,
      checkpoint: checkpoint.map { "\(folder)/\($0)" })
  }
}

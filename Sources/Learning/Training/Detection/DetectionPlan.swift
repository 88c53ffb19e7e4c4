import Backbone
import Datasets
import Graphs
import ImageTypes
import ModelFiles

/// The input size and the training schedule of a detector, chosen from its training data.
///
/// The choice follows from the data alone, never from the machine's speed, so that the same data gives the same model
/// everywhere.
public struct DetectionPlan: Hashable, Sendable {
  /// Rows and columns of the input.
  public let size: Int
  /// Variants of each image, the image itself among them.
  public let variants: Int
  /// Passes over all variants.
  public let epochs: Int
  /// Images of a step.
  public let batch: Int
  /// The patience of early stopping: epochs without a better metric after which the run ends.
  public let patience: Int
  /// The trained part of the backbone: its blocks from the one that reads the first map of stride 4 or more.
  ///
  /// The blocks before it detect edges and colours, which are the same in all data, and cost most, since their maps are
  /// the largest.
  public let learning: LearningPart
  /// The class that decided the input size: its median box is the smallest.
  public let smallestClass: String
  /// The side of that box relative to the image's: the square root of its share of the area, in (0, 1].
  public let smallestSide: Float

  /// The rate of the backbone's blocks as a share of the head's.
  ///
  /// On microscope pictures of blood a tenth reaches an AP50 of 0.90 with a loss that still falls, this value 0.91.
  package static let backboneRate: Float = 0.3

  /// Chooses a plan for training images with at least one box.
  ///
  /// - Parameter base: the base model; the size of its input is kept unless the boxes are small.
  /// - Complexity: O(boxes · log boxes).
  public init(_ training: Dataset, base: ModelCard) {
    let smallest = DetectionPlan.smallest(in: training)
    (smallestSide, smallestClass) = (smallest.side, smallest.name)
    // The finest map has a pixel for 16 of the input, so smaller objects share one with their neighbours.
    let usualSize = max(base.input.width, base.task == .detect ? 0 : 300)
    let wanted = DetectionPlan.smallestThing / smallest.side
    size = min(max(Int((wanted / 32).rounded(.up)) * 32, usualSize), max(DetectionPlan.largestSize, usualSize))
    let images = max(training.samples.count, 1)
    let samples = max(min(2000 + 30 * images, 24000), images)
    epochs = images > 24000 ? 1 : images > 4000 ? 3 : 8
    variants = min(max(samples / (images * epochs), 1), 32)
    patience = max(epochs / 2, 3)
    learning = DetectionPlan.learning(base.backbone)
    batch = images * variants < 64 ? max(min(images * variants / 4, 16), 1) : 16
  }

  private static func learning(_ card: BackboneCard) -> LearningPart {
    guard card.family == .mobileNetV1 || card.family == .mobileNetV2 else { return .none }
    let block = NetworkLayout(card).blocks.first { $0.index > 0 && $0.outputStride / $0.stride >= 4 }
    return block.map { .blocks(from: $0.index) } ?? .none
  }

  /// The class whose median box is the smallest, and that box's side: the square root of its share of the image's area.
  private static func smallest(in training: Dataset) -> (side: Float, name: String) {
    var sides = [[Float]](repeating: [], count: training.classes.count)
    for sample in training.samples {
      let area = Float(sample.width * sample.height)
      for truth in sample.boxes where !truth.crowd && !truth.difficult {
        sides[truth.classIndex].append((truth.box.area / area).squareRoot())
      }
    }
    let medians = sides.enumerated().compactMap { index, sides in
      sides.isEmpty ? nil : (side: sides.sorted()[sides.count / 2], name: training.classNames[index])
    }
    return medians.min { $0.side < $1.side } ?? (1, "")
  }

  /// Whether the objects are so small that the base should be trained on small ones.
  ///
  /// On microscope pictures of blood, whose platelets have a side of 0.07, the detector of small people as a base
  /// reaches an AP50 of 0.90, and the detector of larger objects of 20 classes 0.82.
  package static func hasSmallThings(_ training: Dataset) -> Bool { smallest(in: training).side < smallSide }

  private static let smallSide: Float = 0.1

  /// The least side of the smallest class's median box, in pixels of the input.
  private static let smallestThing: Float = 20
  private static let largestSize = 512
}

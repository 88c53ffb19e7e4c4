import Datasets
import Files
import ImageCodecs
import ImageTypes

/// The samples of a training task: each training picture in all its variants, then the validation pictures unchanged.
public struct TrainingSamples: Sendable {
  private let augmenter: Augmenter
  private let validation: Dataset
  private let plain: Augmentation
  private let limits: Limits
  private let teacher: (any DetectionTeacher)?
  /// Variants of each training picture.
  ///
  /// A picture with rare classes has more, where the augmentation balances classes.
  public let variants: Int
  /// The index of each training picture's first sample, and at the end their number.
  private let starts: [Int]

  /// Creates the samples of a run.
  ///
  /// - Parameters:
  ///   - training: the training pictures.
  ///   - validation: the validation pictures, on which the metric is measured.
  ///   - variants: the number of variants of each training picture, at least 1: the picture itself and augmented
  ///     ones.
  ///   - augmentation: for an input of the task's size.
  ///   - seed: the seed of the variants' numbers.
  ///   - teacher: adds boxes to the training pictures.
  /// - Throws: `DatasetError` when a picture used as a source of cut-outs can't be read.
  public init(
    training: Dataset, validation: Dataset, variants: Int, augmentation: Augmentation, seed: UInt64,
    limits: Limits = .standard, teacher: (any DetectionTeacher)? = nil
  ) throws(DatasetError) {
    self.teacher = teacher
    augmenter = try Augmenter(training, augmentation, seed: seed, limits: limits)
    self.validation = validation
    self.variants = variants
    self.limits = limits
    starts = augmenter.variantCounts(variants).reduce(into: [0]) { $0.append($0[$0.count - 1] + $1) }
    plain = .none(width: augmentation.width, height: augmentation.height)
  }

  var training: Dataset { augmenter.dataset }
  /// The number of training samples, which come first.
  public var trainingCount: Int { starts[training.samples.count] }
  /// The number of all samples: `trainingCount`, and one of each validation picture.
  public var count: Int { trainingCount + validation.samples.count }
  /// The number of pictures.
  public var pictures: Int { training.samples.count + validation.samples.count }

  /// The indices of a picture's samples.
  func samples(of picture: Int) -> Range<Int> {
    guard picture >= training.samples.count else { return starts[picture]..<starts[picture + 1] }
    let first = trainingCount + picture - training.samples.count
    return first..<first + 1
  }

  /// Reads a picture, and returns a function that makes its variants.
  func open(_ picture: Int) throws(DatasetError) -> (_ variant: Int) throws(DatasetError) -> LabelledImage {
    guard picture < training.samples.count else {
      let image = try validation.samples[picture - training.samples.count].read(limits: limits)
      return { [plain] _ in plain.apply(AugmentationPlan(), to: image) }
    }
    let image = try training.samples[picture].read(limits: limits)
    return augmenter.variants(of: picture, of: teacher?.taught(image) ?? image)
  }

  /// The cache key of the samples: a text that changes when they would.
  package var key: String {
    func list(_ dataset: Dataset) -> String {
      dataset.samples.map { "\($0.path) \($0.width)x\($0.height) \($0.stamp)" }.joined(separator: "\n")
    }
    return "\(augmenter.augmentation)\nseed \(augmenter.seed)\nvariants \(variants)\nclasses \(training.classNames)\n"
      + "\(list(training))\nheld\n\(list(validation))" + (teacher.map { "\nteacher \($0.key)" } ?? "")
  }
}

import ImageCodecs
import Postprocess

/// Gives the variants of a data set's pictures, in any order and on any thread.
public struct Augmenter: Sendable {
  public let dataset: Dataset
  public let augmentation: Augmentation
  public let seed: UInt64
  /// Samples that things can be cut out of, by number.
  public let donors: [Int]
  private let limits: ImageLimits

  /// - Throws: `DatasetError` when a mask cannot be read that must tell whether its picture has something to cut out.
  public init(
    _ dataset: Dataset, _ augmentation: Augmentation, seed: UInt64, limits: ImageLimits = .standard
  ) throws(DatasetError) {
    self.dataset = dataset
    self.augmentation = augmentation
    self.seed = seed
    self.limits = limits
    var donors: [Int] = []
    if augmentation.copyPaste > 0 {
      let wanted = Set(augmentation.copyPasteClasses)
      func isWanted(_ index: Int) -> Bool { index != 0 && index != 255 && (wanted.isEmpty || wanted.contains(index)) }
      for (number, sample) in dataset.samples.enumerated() where sample.mask != nil {
        if sample.hasBoxes {
          // Boxes tell at no cost.
          if sample.boxes.contains(where: { isWanted($0.classIndex) && !$0.crowd }) { donors.append(number) }
        } else if let mask = try sample.readMask(limits: limits), mask.pixelCounts().keys.contains(where: isWanted) {
          donors.append(number)
        }
      }
    }
    self.donors = donors
  }

  /// A variant of a picture; 0 is the picture itself.
  ///
  /// - Throws: `DatasetError` when a file is broken.
  public func picture(_ index: Int, variant: Int) throws(DatasetError) -> LabelledImage {
    let plan = augmentation.plan(seed: seed, picture: index, variant: variant, donors: donors.count)
    let picture = try dataset.samples[index].read(limits: limits)
    var donor: LabelledImage?
    if let paste = plan.paste {
      let number = donors[paste.donor]
      // A picture's own thing pasted onto it is as good as any other.
      donor = number == index ? picture : try dataset.samples[number].read(limits: limits)
    }
    return augmentation.apply(plan, to: picture, donor: donor)
  }
}

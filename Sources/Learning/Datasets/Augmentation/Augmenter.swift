import Files
import ImageCodecs
import ImageTypes

/// The variants of a data set's pictures, made in any order and on any thread.
package struct Augmenter: Sendable {
  /// The data set with the pictures.
  package let dataset: Dataset
  /// The ranges of the variants' numbers.
  package let augmentation: Augmentation
  /// The seed of the variants' numbers.
  package let seed: UInt64
  /// The indices of the samples with cut-outs.
  package let donors: [Int]
  private let limits: Limits

  /// Finds the samples with cut-outs, where objects are pasted.
  ///
  /// Masks are read only of samples without boxes.
  ///
  /// - Throws: `DatasetError` when a mask searched for cut-outs can't be read.
  package init(
    _ dataset: Dataset, _ augmentation: Augmentation, seed: UInt64, limits: Limits = .standard
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
          // Boxes need no reading of the mask.
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
  /// - Parameters:
  ///   - index: the sample's index in the data set.
  ///   - variant: at least 0.
  /// - Throws: `DatasetError` when a file is broken.
  package func picture(_ index: Int, variant: Int) throws(DatasetError) -> LabelledImage {
    try variants(of: index, of: dataset.samples[index].read(limits: limits))(variant)
  }

  /// The variants of a picture in memory.
  ///
  /// - Parameters:
  ///   - index: the sample's index in the data set, on which the variants' numbers depend.
  ///   - picture: the sample, in memory.
  /// - Returns: a function that throws `DatasetError` when the file of a pasted object is broken.
  package func variants(of index: Int, of picture: LabelledImage)
    -> (_ variant: Int) throws(DatasetError) -> LabelledImage
  {
    { [self] (variant) throws(DatasetError) in
      let plan = augmentation.plan(
        seed: seed, picture: index, variant: variant, donors: donors.count, pictures: dataset.samples.count)
      var pasted: [LabelledImage] = []
      for paste in plan.pastes {
        let number = donors[paste.donor]
        // A picture's own object may be pasted into it too.
        pasted.append(number == index ? picture : try dataset.samples[number].read(limits: limits))
      }
      let others = plan.mosaic?.others.map { $0 == index ? picture : quarter($0, beside: picture) } ?? []
      return augmentation.apply(plan, to: picture, donors: pasted, others: others)
    }
  }

  /// A picture for a mosaic.
  ///
  /// Where its file is broken, the mosaic's own picture replaces it; the error is reported with the broken file's own
  /// samples.
  private func quarter(_ number: Int, beside picture: LabelledImage) -> LabelledImage {
    let sample = dataset.samples[number]
    do throws(DatasetError) {
      // Masks are read only where one is needed.
      return LabelledImage(
        image: try sample.readImage(limits: limits),
        mask: picture.mask == nil ? nil : try sample.readMask(limits: limits), boxes: sample.boxes,
        classIndex: sample.classIndex)
    } catch { return picture }
  }
}

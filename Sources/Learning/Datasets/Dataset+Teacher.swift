import Files
import ImageTypes

extension Dataset {
  /// The same samples, where missing masks are taken from a folder of another model's label maps.
  ///
  /// The maps are PNG files with the pictures' names; their values are indices into `classes`, the background being 0,
  /// and the ignore index 255. A map without a picture is not an error.
  ///
  /// - Throws: `DatasetError` where the folder cannot be read.
  package func withMaps(from folder: String) throws(DatasetError) -> Dataset {
    let places = Dictionary(uniqueKeysWithValues: classes.indices.map { ($0, $0) })
    let maps = try FolderListing(folder, kinds: ["png"])
    let meaning = MaskMeaning(places)
    let samples = samples.map { sample in
      guard sample.mask == nil, let map = maps.path(ofStem: sample.name) else { return sample }
      return sample.with(
        boxes: sample.hasBoxes ? sample.boxes : nil, mask: MaskSource(storage: .png(path: map), meaning: meaning),
        classIndex: sample.classIndex)
    }
    return with(samples: samples)
  }

  /// The training and validation samples, where only some are labelled.
  ///
  /// The rule counts labelled samples alone, so that the validation set does not depend on the others. Unlabelled ones
  /// are excluded from training only by a list.
  ///
  /// - Throws: as `split(by:)`.
  public func split(by rule: Split, where isLabelled: (Sample) -> Bool) throws(DatasetError)
    -> (training: Dataset, validation: Dataset)
  {
    if case .list = rule {
      let parts = try split(by: rule)
      return (parts.training, parts.validation.filter(isLabelled))
    }
    let validation = try filter(isLabelled).split(by: rule).validation
    let names = Set(validation.samples.map(\.name))
    return (filter { !names.contains($0.name) }, validation)
  }
}

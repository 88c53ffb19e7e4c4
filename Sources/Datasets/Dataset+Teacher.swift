import Files
import Postprocess

extension Dataset {
  /// The same samples, those without a mask with one from a folder where it has one: another model's label maps.
  ///
  /// The maps are PNG files with the pictures' names; their values are the classes' places in `classes`, the background being
  /// 0, and 255 where they say nothing. A map without a picture here is no fault.
  ///
  /// - Throws: `DatasetError` where the folder cannot be read.
  public func withMaps(from folder: String) throws(DatasetError) -> Dataset {
    let places = Dictionary(uniqueKeysWithValues: classes.indices.map { ($0, $0) })
    let maps = try MaskFiles(folder, MaskMeaning(places))
    let samples = samples.map { sample in
      guard sample.mask == nil, let map = maps.path(of: sample.name) else { return sample }
      return Sample(
        path: sample.path, name: sample.name, width: sample.width, height: sample.height, id: sample.id,
        boxes: sample.hasBoxes ? sample.boxes : nil, mask: maps.source(map), classIndex: sample.classIndex)
    }
    return Dataset(formats: formats, classes: classes, samples: samples, skipped: skipped)
  }

  /// The samples to learn from and those kept apart, where only some are labelled.
  ///
  /// The rule counts those alone, so that the same ones are kept apart whatever lies beside them. Of the others only a list
  /// keeps some away from learning.
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

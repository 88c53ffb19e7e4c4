/// Pictures with the truth about them: boxes, masks, both, or a class of each, whatever format they came in.
///
/// Class 0 is always the background (or whatever value 0 of the masks is called); the things to find are 1, 2, …, the
/// same numbers in boxes and in masks. Pixels of nobody's class are `Dataset.void`.
public struct Dataset: Sendable {
  /// The value of mask pixels that count neither in training nor in evaluation.
  public static let void: UInt8 = 255

  /// The format that the files have; several once data sets were joined.
  public let formats: [DatasetFormat]
  /// The background first.
  public let classes: [DatasetClass]
  /// In the order of their names' bytes.
  public let samples: [Sample]
  /// What is not among the samples, and why.
  public let skipped: [DatasetError]

  public init(formats: [DatasetFormat], classes: [DatasetClass], samples: [Sample], skipped: [DatasetError]) {
    precondition((1...255).contains(classes.count), "\(classes.count) classes, expected 1 to 255")
    self.formats = formats
    self.classes = classes
    self.samples = samples
    self.skipped = skipped
  }

  public var classNames: [String] { classes.map(\.name) }
  /// The number of a class by its name.
  public func index(of name: String) -> Int? { classes.firstIndex { $0.name == name } }

  /// The samples that meet a condition, in the same order.
  public func filter(_ condition: (Sample) throws -> Bool) rethrows -> Dataset {
    Dataset(formats: formats, classes: classes, samples: try samples.filter(condition), skipped: skipped)
  }

  /// Those with a mask.
  public var withMasks: Dataset { filter { $0.mask != nil } }
  /// Those about whose boxes the files say something, even that there are none.
  public var withBoxes: Dataset { filter(\.hasBoxes) }

  /// Those whose picture as a whole is of a class.
  public var withClass: Dataset { filter { $0.classIndex != nil } }

  /// This data set's samples and then another's.
  ///
  /// - Throws: `DatasetError.classes` unless both have the same class names; map them first.
  public func joined(with other: Dataset) throws(DatasetError) -> Dataset {
    guard classNames == other.classNames else {
      throw .classes(
        expected: "the same classes in all data sets: \(classNames.joined(separator: ", "))",
        found: other.classNames.joined(separator: ", "))
    }
    return Dataset(
      formats: formats + other.formats.filter { !formats.contains($0) }, classes: classes,
      samples: samples + other.samples, skipped: skipped + other.skipped)
  }
}

/// A class of a data set.
public struct DatasetClass: Hashable, Sendable {
  public let name: String
  /// Its number in the data set's own files: COCO's category id, YOLO's class number, or the value in masks.
  public let id: Int

  public init(name: String, id: Int) {
    self.name = name
    self.id = id
  }
}

/// How the files of a data set are laid out.
public enum DatasetFormat: String, CaseIterable, Hashable, Sendable {
  /// A class for each picture: a folder for each class with its pictures, or a file `classes.csv` of paths and classes.
  case classes
  /// COCO's instances: a JSON file of images, annotations and categories.
  case coco
  /// A folder `images` and a folder `masks` with the same names; the masks' values are the classes.
  case masks
  /// Pascal VOC: a folder `JPEGImages` or `images`, with `Annotations` (XML) or `SegmentationClass` (or `masks`) or both.
  case voc
  /// A folder `images` and a folder `labels` with a text file of relative boxes for each picture; `masks` may be there too.
  case yolo
}

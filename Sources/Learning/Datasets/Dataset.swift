/// A data set: pictures with their ground truth, which is boxes, masks, both, or a class of each picture.
///
/// Class 0 is always the background (or the class of value 0 in masks). The other classes are 1, 2, …, with the same
/// numbers in boxes and in masks. Pixels of no class have the ignore index, `Dataset.void`.
public struct Dataset: Sendable {
  /// The ignore index: the value of mask pixels left out of training and evaluation.
  public static let void: UInt8 = 255

  /// The format of the files; several for joined data sets.
  public let formats: [DatasetFormat]
  /// The classes, the background first.
  public let classes: [DatasetClass]
  /// The samples, in the order of their names' bytes.
  public let samples: [Sample]
  /// The errors of the skipped files.
  public let skipped: [DatasetError]
  /// The errors of boxes and outlines that are left out, while their pictures are not.
  public let dropped: [DatasetError]
  /// What is to be told about how the files were read.
  public let notes: [DatasetNote]

  /// Creates a data set from its parts; it must have 1 to 255 classes, the background first.
  public init(
    formats: [DatasetFormat], classes: [DatasetClass], samples: [Sample], skipped: [DatasetError],
    dropped: [DatasetError] = [], notes: [DatasetNote] = []
  ) {
    precondition((1...255).contains(classes.count), "\(classes.count) classes, expected 1 to 255")
    self.formats = formats
    self.classes = classes
    self.samples = samples
    self.skipped = skipped
    self.dropped = dropped
    self.notes = notes
  }

  /// The same data set with other samples, and with other classes where they are given.
  func with(classes: [DatasetClass]? = nil, samples: [Sample]) -> Dataset {
    Dataset(
      formats: formats, classes: classes ?? self.classes, samples: samples, skipped: skipped, dropped: dropped,
      notes: notes)
  }

  /// The names of the classes, the background's first.
  public var classNames: [String] { classes.map(\.name) }
  /// The number of a class by its name.
  public func index(of name: String) -> Int? { classes.firstIndex { $0.name == name } }

  /// The samples that meet a condition, in the same order.
  public func filter(_ condition: (Sample) throws -> Bool) rethrows -> Dataset {
    with(samples: try samples.filter(condition))
  }

  /// The samples with a mask.
  public var withMasks: Dataset { filter { $0.mask != nil } }
  /// The samples with annotated boxes, of which there may be none.
  public var withBoxes: Dataset { filter(\.hasBoxes) }

  /// The samples with a class of the whole picture.
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
      samples: samples + other.samples, skipped: skipped + other.skipped, dropped: dropped + other.dropped,
      notes: notes + other.notes)
  }
}

/// A class of a data set.
public struct DatasetClass: Hashable, Sendable {
  /// The class's name.
  public let name: String
  /// Its number in the data set's own files: COCO's category id, YOLO's class number, or the value in masks.
  public let id: Int

  /// Creates a class from its name and its number in the files.
  public init(name: String, id: Int) {
    self.name = name
    self.id = id
  }
}

/// The file layout of a data set.
public enum DatasetFormat: String, CaseIterable, Hashable, Sendable {
  /// A table of boxes, `_annotations.csv`: a picture, its size, a class and a box in each line.
  case boxTable
  /// A class for each picture: a folder for each class with its pictures, or a file `classes.csv` of paths and classes.
  case classes
  /// COCO's instances: a JSON file of images, annotations and categories.
  case coco
  /// CVAT for images: one XML file of images with their boxes and polygons.
  case cvat
  /// LabelMe: a JSON file of shapes for each picture.
  case labelme
  /// Pictures and masks with the same names; the masks' values or colours are the classes.
  case masks
  /// Supervisely: a JSON file of objects for each picture, in a folder `ann` beside a folder `img`.
  case supervisely
  /// Pascal VOC: an XML file for each picture, or masks (`SegmentationClass` or `masks`), or both.
  case voc
  /// YOLO: a text file of relative boxes or outlines for each picture, and a file with the classes' names.
  case yolo
}

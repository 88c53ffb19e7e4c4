import Files
import ImageCodecs

extension Dataset {
  /// The options of opening a data set.
  public struct Options: Sendable {
    /// The format; `nil` recognises it from the folder's contents.
    public var format: DatasetFormat?
    /// Whether the first broken file is an error; otherwise broken files are left out and listed in `Dataset.skipped`.
    public var isStrict = false
    /// Whether pictures without annotations are samples too, for a teacher (Pascal VOC, masks).
    public var keepsUnlabelled = false
    /// The folder of a COCO file's pictures, where it is not one of the usual ones.
    public var pictures: String?
    /// The limits on the files' resources.
    public var limits = Limits.standard

    /// Creates the defaults: a recognised format, broken files left out, and annotated pictures only.
    public init() {}
  }

  /// Opens a folder of pictures and ground truth, or a COCO file.
  ///
  /// Texts are read and checked completely, pictures and masks by their headers only.
  ///
  /// - Throws: `DatasetError` when the folder is not a data set, when it has no usable sample, or, with
  ///   `Options.isStrict`, for the first broken file.
  public static func open(_ path: String, _ options: Options = Options()) throws(DatasetError) -> Dataset {
    let layout = try DatasetLayout(path)
    let format: DatasetFormat
    if let named = options.format { format = named } else { format = try layout.format() }
    var collector = Collector(options)
    let classes: [DatasetClass]
    switch format {
    case .classes: classes = try ClassesFormat.read(layout, into: &collector)
    case .coco: classes = try COCOFormat.read(layout, options, into: &collector)
    case .masks: classes = try MasksFormat.read(layout, into: &collector)
    case .voc: classes = try VOCFormat.read(layout, into: &collector)
    case .yolo: classes = try YOLOFormat.read(layout, into: &collector)
    }
    guard !collector.samples.isEmpty else {
      throw collector.skipped.first ?? .missing(file: path, expected: "at least one picture")
    }
    let samples = collector.samples.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    return Dataset(formats: [format], classes: classes, samples: samples, skipped: collector.skipped)
  }
}

/// A collector of samples, and of the errors of skipped ones.
struct Collector {
  let isStrict, keepsUnlabelled: Bool
  let limits: Limits
  private(set) var samples: [Sample] = []
  private(set) var skipped: [DatasetError] = []

  init(_ options: Dataset.Options) {
    isStrict = options.isStrict
    keepsUnlabelled = options.keepsUnlabelled
    limits = options.limits
  }

  /// - Throws: the error itself where broken files are not skipped.
  mutating func skip(_ error: DatasetError) throws(DatasetError) {
    if isStrict { throw error }
    skipped.append(error)
  }

  mutating func add(_ make: () throws(DatasetError) -> Sample?) throws(DatasetError) {
    do throws(DatasetError) {
      if let sample = try make() { samples.append(sample) }
    } catch {
      try skip(error)
    }
  }

  /// The displayed size of a picture, and of its mask, which must be the same.
  func size(of picture: String, mask: String?) throws(DatasetError) -> (width: Int, height: Int) {
    let size = try size(of: picture)
    if let mask {
      let other = try self.size(of: mask)
      guard other == size else {
        throw .size(
          file: mask, expected: "\(size.width)x\(size.height) as its picture", found: "\(other.width)x\(other.height)")
      }
    }
    return size
  }

  private func size(of picture: String) throws(DatasetError) -> (width: Int, height: Int) {
    do throws(ImageError) { return try ImageFile.size(path: picture, limits: limits) } catch { throw .picture(error) }
  }
}

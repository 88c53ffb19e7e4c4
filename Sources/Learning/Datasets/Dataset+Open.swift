import Files

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

  /// Opens a folder of pictures and ground truth, or a file that describes one: COCO's JSON, YOLO's `data.yaml`, CVAT's XML.
  ///
  /// Texts are read and checked completely, pictures and masks by their headers only.
  ///
  /// - Throws: `DatasetError` when the folder is not a data set, when it has no usable sample, or, with
  ///   `Options.isStrict`, for the first broken file.
  public static func open(_ path: String, _ options: Options = Options()) throws(DatasetError) -> Dataset {
    let layout = try DatasetLayout(path, options.limits)
    let format: DatasetFormat
    if let named = options.format { format = named } else { format = try layout.format() }
    var collector = Collector(options)
    let classes: [DatasetClass]
    switch format {
    case .boxTable: classes = try BoxTableFormat.read(layout, into: &collector)
    case .classes: classes = try ClassesFormat.read(layout, into: &collector)
    case .coco: classes = try COCOFormat.read(layout, options, into: &collector)
    case .cvat: classes = try CVATFormat.read(layout, into: &collector)
    case .labelme: classes = try LabelMeFormat.read(layout, into: &collector)
    case .masks: classes = try MasksFormat.read(layout, into: &collector)
    case .supervisely: classes = try SuperviselyFormat.read(layout, into: &collector)
    case .voc: classes = try VOCFormat.read(layout, into: &collector)
    case .yolo: classes = try YOLOFormat.read(layout, into: &collector)
    }
    guard !collector.samples.isEmpty else {
      throw collector.skipped.first ?? collector.dropped.first ?? .missing(file: path, expected: "at least one picture")
    }
    let samples = collector.samples.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    return Dataset(
      formats: [format], classes: classes, samples: samples, skipped: collector.skipped,
      dropped: collector.dropped, notes: collector.notes)
  }
}

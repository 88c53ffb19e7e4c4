/// The limits on resources that an untrusted file may claim, whatever its format.
///
/// All limits are checked before memory is allocated.
///
/// The standard values admit every camera's pictures, every MobileNetV2 and the largest common data sets. They keep the
/// worst picture below 1 GiB of memory: 256 MiB of file, 192 MiB of RGB, and meanwhile up to 512 MiB for a progressive
/// CMYK JPEG or 256 MiB for an interlaced PNG with alpha.
public struct Limits: Hashable, Sendable {
  // MARK: Pictures

  /// Bytes of a picture's file, or of what a pipe delivers: 256 MiB.
  public var fileBytes = 256 << 20
  /// Pixels of a picture: 64 Mi, which is 8192x8192 and admits a phone's "64 megapixels" of 9248x6944.
  public var pixels = 64 << 20
  /// Columns, and rows: 65,500, which is also the JPEG library's own limit.
  public var side = 65_500
  /// Bytes of one ancillary PNG chunk that is read (EXIF, transparency; others are skipped): 1 MiB.
  public var chunkBytes = 1 << 20
  /// Bytes of all such PNG chunks together: 8 MiB.
  public var ancillaryBytes = 8 << 20
  /// Scans of a progressive JPEG: 100, where ordinary files have about ten.
  public var scans = 100

  // MARK: Models

  /// Bytes of a model file or a checkpoint: 256 MiB, where the widest published MobileNetV2 has 25.
  public var modelBytes = 256 << 20
  /// Bytes of the JSON that a safetensors file begins with: 16 MiB; a network of a thousand layers needs less than 200
  /// KB.
  public var headerBytes = 16 << 20
  /// Tensors of a safetensors file, or tables of a TensorFlow Lite model: 10,000.
  public var tensors = 10_000
  /// Fields of a serialised TensorFlow graph, its nodes among them: 1,000,000, where a detector has 60,000.
  public var fields = 1_000_000

  // MARK: Data sets

  /// Bytes of a text file: XML, YAML, boxes, names: 16 MiB.
  public var textBytes = 16 << 20
  /// Bytes of a COCO file, which is mapped and read in one pass: 2 GiB; `instances_train2017.json` has 0.45 GiB.
  public var datasetBytes = 2 << 30
  /// Pictures, annotations and classes of a COCO file together, or lines of a text file: 2,000,000.
  public var records = 2_000_000
  /// Numbers in one outline of a COCO file: 1,000,000.
  public var points = 1_000_000
  /// Elements of an XML file: 100,000.
  public var elements = 100_000
  /// Values or elements inside each other: 32; no format that is read needs more than 8.
  public var nesting = 32

  /// The values above.
  public static let standard = Limits()

  /// Creates the standard limits.
  public init() {}
}

extension Limits {
  /// One of the limits; the raw value is the property's name.
  public enum Name: String, Hashable, Sendable, CaseIterable {
    /// The limit `Limits.ancillaryBytes`, of a PNG.
    case ancillaryBytes
    /// The limit `Limits.chunkBytes`, of a PNG.
    case chunkBytes
    /// The limit `Limits.datasetBytes`, of a COCO file.
    case datasetBytes
    /// The limit `Limits.elements`, of an XML file.
    case elements
    /// The limit `Limits.fields`, of a TensorFlow graph.
    case fields
    /// The limit `Limits.fileBytes`, of a picture.
    case fileBytes
    /// The limit `Limits.headerBytes`, of a safetensors file.
    case headerBytes
    /// The limit `Limits.modelBytes`, of a model file or a checkpoint.
    case modelBytes
    /// The limit `Limits.nesting`, of JSON and XML.
    case nesting
    /// The limit `Limits.pixels`, of a picture.
    case pixels
    /// The limit `Limits.points`, of a COCO file's outline.
    case points
    /// The limit `Limits.records`, of a COCO file or of a text file's lines.
    case records
    /// The limit `Limits.scans`, of a progressive JPEG.
    case scans
    /// The limit `Limits.side`, of a picture.
    case side
    /// The limit `Limits.tensors`, of a safetensors file or a TensorFlow Lite model.
    case tensors
    /// The limit `Limits.textBytes`, of a text file.
    case textBytes

    /// The counted unit, in words.
    public var unit: String {
      switch self {
      case .ancillaryBytes: "bytes in ancillary PNG chunks"
      case .chunkBytes: "bytes in one ancillary PNG chunk"
      case .datasetBytes, .fileBytes, .modelBytes, .textBytes: "bytes in the file"
      case .elements: "XML elements"
      case .fields: "fields in the graph"
      case .headerBytes: "bytes in the header"
      case .nesting: "values inside each other"
      case .pixels: "pixels"
      case .points: "numbers in one outline"
      case .records: "records"
      case .scans: "scans in a progressive JPEG"
      case .side: "pixels along a side"
      case .tensors: "tensors"
      }
    }

    fileprivate var place: WritableKeyPath<Limits, Int> {
      switch self {
      case .ancillaryBytes: \.ancillaryBytes
      case .chunkBytes: \.chunkBytes
      case .datasetBytes: \.datasetBytes
      case .elements: \.elements
      case .fields: \.fields
      case .fileBytes: \.fileBytes
      case .headerBytes: \.headerBytes
      case .modelBytes: \.modelBytes
      case .nesting: \.nesting
      case .pixels: \.pixels
      case .points: \.points
      case .records: \.records
      case .scans: \.scans
      case .side: \.side
      case .tensors: \.tensors
      case .textBytes: \.textBytes
      }
    }
  }

  /// A limit by its name.
  public subscript(name: Name) -> Int {
    get { self[keyPath: name.place] }
    set { self[keyPath: name.place] = newValue }
  }

  /// The excess over a limit; `nil` where `found` is within it.
  ///
  /// - Parameter found: the amount claimed by the file, `Int.max` when it can't be counted.
  package func excess(_ name: Name, _ found: Int) -> LimitExcess? {
    found > self[name] ? LimitExcess(limit: name, allowed: self[name], found: found) : nil
  }

  /// The excess where counting stopped just behind a limit.
  package func tooMany(_ name: Name) -> LimitExcess {
    LimitExcess(limit: name, allowed: self[name], found: self[name] == .max ? .max : self[name] + 1)
  }

  /// The excess of a picture's size, from its header.
  package func excess(width: Int, height: Int) -> LimitExcess? {
    if let excess = excess(.side, max(width, height)) { return excess }
    let (count, overflow) = width.multipliedReportingOverflow(by: height)
    let allowed = min(pixels, Limits.ceiling)
    guard overflow || count > allowed else { return nil }
    return LimitExcess(limit: .pixels, allowed: allowed, found: overflow ? .max : count)
  }

  /// Whatever the limits, a picture's bytes must not overflow an `Int`, with a margin.
  private static let ceiling = Int.max / 16
}

/// A file asks for more than a limit allows.
public struct LimitExcess: Hashable, Sendable {
  /// The exceeded limit.
  public let limit: Limits.Name
  /// The limit's value, counted in `limit.unit`.
  public let allowed: Int
  /// The amount that the file claims; `Int.max` when it cannot be counted.
  public let found: Int

  /// Creates the excess of a claimed amount over a limit.
  package init(limit: Limits.Name, allowed: Int, found: Int) {
    self.limit = limit
    self.allowed = allowed
    self.found = found
  }

  /// The part of a message behind the file's name.
  public var problem: String {
    "has \(found == .max ? "more than can be counted" : "\(found)") \(limit.unit), the limit is \(allowed)"
  }

  /// Raising the limit, for a file that is trusted.
  public var remedy: Remedy { .raise(limit) }
}

import ArgumentParser
import Files
import ImageCodecs
import ImageTypes

/// Limits for files from unknown sources, the same for every program.
public struct LimitOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Refuse pictures of more pixels than this.", valueName: "count"))
  public var maxPixels = Limits.standard.pixels

  @Option(help: ArgumentHelp("Refuse pictures wider or higher than this.", valueName: "pixels"))
  public var maxSide = Limits.standard.side

  @Option(help: ArgumentHelp("Refuse pictures whose files are larger than this.", valueName: "bytes"))
  public var maxFileBytes = Limits.standard.fileBytes

  @Option(help: ArgumentHelp("Refuse a text, profile or EXIF chunk of a PNG larger than this.", valueName: "bytes"))
  public var maxChunkBytes = Limits.standard.chunkBytes

  @Option(help: ArgumentHelp("Refuse a PNG whose such chunks are larger than this together.", valueName: "bytes"))
  public var maxAncillaryBytes = Limits.standard.ancillaryBytes

  @Option(help: ArgumentHelp("Refuse progressive JPEGs of more scans than this.", valueName: "count"))
  public var maxScans = Limits.standard.scans

  @Option(help: ArgumentHelp("Refuse models and checkpoints larger than this.", valueName: "bytes"))
  public var maxModelBytes = Limits.standard.modelBytes

  @Option(help: ArgumentHelp("Refuse safetensors files whose header is larger than this.", valueName: "bytes"))
  public var maxHeaderBytes = Limits.standard.headerBytes

  @Option(help: ArgumentHelp("Refuse models of more tensors (TensorFlow Lite: tables) than this.", valueName: "count"))
  public var maxTensors = Limits.standard.tensors

  @Option(help: ArgumentHelp("Refuse TensorFlow graphs of more fields than this.", valueName: "count"))
  public var maxFields = Limits.standard.fields

  @Option(help: ArgumentHelp("Refuse XML, YAML and text files larger than this.", valueName: "bytes"))
  public var maxTextBytes = Limits.standard.textBytes

  @Option(help: ArgumentHelp("Refuse COCO files larger than this.", valueName: "bytes"))
  public var maxDatasetBytes = Limits.standard.datasetBytes

  @Option(
    help: ArgumentHelp(
      "Refuse COCO files of more pictures, annotations and classes, and texts of more lines.", valueName: "count"))
  public var maxRecords = Limits.standard.records

  @Option(help: ArgumentHelp("Refuse outlines of more numbers than this.", valueName: "count"))
  public var maxPoints = Limits.standard.points

  @Option(help: ArgumentHelp("Refuse XML files of more elements than this.", valueName: "count"))
  public var maxElements = Limits.standard.elements

  @Option(help: ArgumentHelp("Refuse files with more values or elements inside each other.", valueName: "count"))
  public var maxNesting = Limits.standard.nesting

  public init() {}

  public func validate() throws {
    let limits = limits
    for name in Limits.Name.allCases where limits[name] < 1 {
      throw ValidationError("\(name.flag) \(limits[name]): expected a number of at least 1")
    }
  }

  /// The limits that were asked for.
  public var limits: Limits {
    var limits = Limits()
    for name in Limits.Name.allCases { limits[name] = value(of: name) }
    return limits
  }

  private func value(of name: Limits.Name) -> Int {
    switch name {
    case .ancillaryBytes: maxAncillaryBytes
    case .chunkBytes: maxChunkBytes
    case .datasetBytes: maxDatasetBytes
    case .elements: maxElements
    case .fields: maxFields
    case .fileBytes: maxFileBytes
    case .headerBytes: maxHeaderBytes
    case .modelBytes: maxModelBytes
    case .nesting: maxNesting
    case .pixels: maxPixels
    case .points: maxPoints
    case .records: maxRecords
    case .scans: maxScans
    case .side: maxSide
    case .tensors: maxTensors
    case .textBytes: maxTextBytes
    }
  }

  /// Reads a picture within the limits.
  ///
  /// - Throws: `Failure` with status `inputs`.
  public func read(_ path: String) throws(Failure) -> Image {
    do { return try ImageFile.read(path: path, limits: limits) } catch { throw Failure(.inputs, told(error)) }
  }
}

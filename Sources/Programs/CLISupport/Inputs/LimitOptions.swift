import ArgumentParser
import Files
import ImageCodecs
import ImageTypes

/// The limits for untrusted files, the same in every program.
public struct LimitOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Maximum number of pixels of a picture.", valueName: "count", visibility: .hidden))
  public var maxPixels = Limits.standard.pixels

  @Option(help: ArgumentHelp("Maximum width and height of a picture.", valueName: "pixels", visibility: .hidden))
  public var maxSide = Limits.standard.side

  @Option(help: ArgumentHelp("Maximum size of a picture's file.", valueName: "bytes", visibility: .hidden))
  public var maxFileBytes = Limits.standard.fileBytes

  @Option(
    help: ArgumentHelp(
      "Maximum size of an EXIF or transparency chunk of a PNG.", valueName: "bytes", visibility: .hidden))
  public var maxChunkBytes = Limits.standard.chunkBytes

  @Option(
    help: ArgumentHelp("Maximum size of all such chunks of a PNG together.", valueName: "bytes", visibility: .hidden))
  public var maxAncillaryBytes = Limits.standard.ancillaryBytes

  @Option(help: ArgumentHelp("Maximum number of scans of a progressive JPEG.", valueName: "count", visibility: .hidden))
  public var maxScans = Limits.standard.scans

  @Option(help: ArgumentHelp("Maximum size of a model or checkpoint.", valueName: "bytes", visibility: .hidden))
  public var maxModelBytes = Limits.standard.modelBytes

  @Option(help: ArgumentHelp("Maximum size of a safetensors header.", valueName: "bytes", visibility: .hidden))
  public var maxHeaderBytes = Limits.standard.headerBytes

  @Option(
    help: ArgumentHelp(
      "Maximum number of tensors (TensorFlow Lite: tables) of a model.", valueName: "count", visibility: .hidden))
  public var maxTensors = Limits.standard.tensors

  @Option(
    help: ArgumentHelp("Maximum number of fields of a TensorFlow graph.", valueName: "count", visibility: .hidden))
  public var maxFields = Limits.standard.fields

  @Option(help: ArgumentHelp("Maximum size of an XML, YAML or text file.", valueName: "bytes", visibility: .hidden))
  public var maxTextBytes = Limits.standard.textBytes

  @Option(help: ArgumentHelp("Maximum size of a COCO file.", valueName: "bytes", visibility: .hidden))
  public var maxDatasetBytes = Limits.standard.datasetBytes

  @Option(
    help: ArgumentHelp(
      "Maximum number of pictures, annotations and classes of a COCO file, or lines of a text.", valueName: "count",
      visibility: .hidden))
  public var maxRecords = Limits.standard.records

  @Option(help: ArgumentHelp("Maximum number of coordinates of an outline.", valueName: "count", visibility: .hidden))
  public var maxPoints = Limits.standard.points

  @Option(help: ArgumentHelp("Maximum number of elements of an XML file.", valueName: "count", visibility: .hidden))
  public var maxElements = Limits.standard.elements

  @Option(help: ArgumentHelp("Maximum nesting depth of values or elements.", valueName: "count", visibility: .hidden))
  public var maxNesting = Limits.standard.nesting

  @Flag(help: "List the limits against damaged or hostile files, and the flags that raise them.")
  public var helpLimits = false

  public init() {}

  public func validate() throws {
    let limits = limits
    for name in Limits.Name.allCases where limits[name] < 1 {
      throw ValidationError("\(name.flag) \(limits[name]): expected a number of at least 1")
    }
  }

  /// The limits from the options.
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

  /// A command with nothing but the limits, for their help.
  private struct Listing: ParsableCommand {
    static let configuration = CommandConfiguration(shouldDisplay: false)
    @OptionGroup(title: "Limits") var limits: LimitOptions
  }

  /// The text of `--help-limits`.
  static var help: String {
    let lines = Listing.helpMessage(includeHidden: true, columns: 100).split(
      separator: "\n", omittingEmptySubsequences: false)
    let begin = lines.firstIndex { $0.hasPrefix("LIMITS:") } ?? 0
    let end = lines[begin...].firstIndex(of: "") ?? lines.endIndex
    return lines[begin..<end].filter { !$0.contains("--help-limits") && !$0.contains("raise them.") }.joined(
      separator: "\n") + "\n"
  }

  /// Reads an undamaged picture within the limits.
  ///
  /// - Throws: `Failure` with status `inputs`.
  public func read(_ path: String) throws(Failure) -> Image {
    do { return try ImageFile.read(path: path, limits: limits) } catch { throw Failure(.inputs, told(error)) }
  }
}

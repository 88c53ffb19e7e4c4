import ArgumentParser
import ImageCodecs
import Tensors

/// Limits for pictures from unknown sources.
public struct LimitOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Refuse pictures of more pixels than this.", valueName: "count"))
  public var maxPixels = ImageLimits.standard.pixels

  @Option(help: ArgumentHelp("Refuse pictures wider or higher than this.", valueName: "pixels"))
  public var maxSide = ImageLimits.standard.side

  @Option(help: ArgumentHelp("Refuse files larger than this.", valueName: "bytes"))
  public var maxFileBytes = ImageLimits.standard.fileBytes

  @Option(help: ArgumentHelp("Refuse a text, profile or EXIF chunk of a PNG larger than this.", valueName: "bytes"))
  public var maxChunkBytes = ImageLimits.standard.chunkBytes

  @Option(help: ArgumentHelp("Refuse a PNG whose such chunks are larger than this together.", valueName: "bytes"))
  public var maxAncillaryBytes = ImageLimits.standard.ancillaryBytes

  @Option(help: ArgumentHelp("Refuse progressive JPEGs of more scans than this.", valueName: "count"))
  public var maxScans = ImageLimits.standard.scans

  public init() {}

  public func validate() throws {
    let values = [maxPixels, maxSide, maxFileBytes, maxChunkBytes, maxAncillaryBytes, maxScans]
    let names: [ImageLimits.Name] = [.pixels, .side, .fileBytes, .chunkBytes, .ancillaryBytes, .scans]
    for (value, name) in zip(values, names) where value < 1 {
      throw ValidationError("\(name.rawValue) \(value): expected a number of at least 1")
    }
  }

  /// The limits that were asked for.
  public var limits: ImageLimits {
    var limits = ImageLimits()
    limits.pixels = maxPixels
    limits.side = maxSide
    limits.fileBytes = maxFileBytes
    limits.chunkBytes = maxChunkBytes
    limits.ancillaryBytes = maxAncillaryBytes
    limits.scans = maxScans
    return limits
  }

  /// Reads a picture within the limits.
  ///
  /// - Throws: `Failure` with status `inputs`.
  public func read(_ path: String) throws(Failure) -> Image {
    do { return try ImageFile.read(path: path, limits: limits) } catch { throw Failure(.inputs, error.description) }
  }
}

/// How the work is shared and watched.
public struct RunOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Threads to compute with; without it as many as the affinity mask and the cgroup's quota allow.",
      valueName: "number"))
  public var threads: Int?

  @Flag(help: "Say on standard error how long each step took, and the whole process from its start.")
  public var timing = false

  public init() {}

  public func validate() throws {
    if let threads, !(1...1024).contains(threads) {
      throw ValidationError("--threads \(threads): expected a number from 1 to 1024")
    }
  }
}

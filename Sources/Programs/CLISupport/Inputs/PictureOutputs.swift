import Files
import ImageCodecs
import ImageTypes

/// The output files of a program that draws pictures: one PNG for each input, given by a file name or a folder.
///
/// A folder is an existing one or a name that ends in `/`; it is made if need be. In it each picture has its input's
/// name with the extension `.png`. Inputs of the same name get `-2`, `-3` and so on in their order, so that none
/// replaces another.
public struct PictureOutputs: Sendable {
  /// The flag that names the output, for messages.
  public let flag: String
  /// One path for each input, in the order of the inputs.
  public let paths: [String]
  private let folder: String?

  /// Chooses the names and checks them before any work is done.
  ///
  /// - Parameter force: whether an output may replace one of the inputs.
  /// - Throws: `Failure` with status `usage` for names that contradict each other or the inputs, `output` for files
  ///   that cannot be written.
  public init(flag: String, value: String, inputs: [String], force: Bool) throws(Failure) {
    self.flag = flag
    guard !value.isEmpty else { throw Failure(.usage, "\(flag) needs the name of a file or folder") }
    if value.hasSuffix("/") || FilePlace(value).kind == .folder {
      let prefix = value.hasSuffix("/") ? value : value + "/"
      folder = prefix
      paths = PictureOutputs.names(for: inputs).map { prefix + $0 }
    } else {
      guard inputs.count == 1 else {
        throw Failure(
          .usage,
          "\(flag) \(value): one file for \(inputs.count) pictures; name a folder that exists or ends in /")
      }
      let known: Set = ["bmp", "gif", "jpeg", "jpg", "jxl", "tif", "tiff", "webp"]
      guard !known.contains(FilePlace.fileExtension(of: value)) else {
        throw Failure(.usage, "\(flag) \(value): pictures are written as PNG; choose a name that ends in .png")
      }
      folder = nil
      paths = [value]
    }
    if !force { try refuseInputs(inputs) }
    try refuseCollisions()
    try checkFolder()
  }

  /// Refuses two outputs that are the same file because of links in the folder.
  private func refuseCollisions() throws(Failure) {
    guard paths.count > 1 else { return }
    var seen: [FilePlace: String] = [:]
    for path in paths {
      let place = FilePlace(path)
      if place.kind != .other, let other = seen.updateValue(path, forKey: place) {
        throw Failure(.usage, "\(flag): \(other) and \(path) are the same file; choose another folder")
      }
    }
  }

  /// The names in a folder: the input's own name if it is free, otherwise a numbered one.
  private static func names(for inputs: [String]) -> [String] {
    let stems = inputs.map { FilePlace.stem(of: $0) }
    // Some file systems do not distinguish names that differ in case only.
    let natural = Set(stems.map { $0.lowercased() })
    var taken: Set<String> = []
    return stems.map { stem in
      var candidate = stem
      var number = 1
      while taken.contains(candidate.lowercased()) || (number > 1 && natural.contains(candidate.lowercased())) {
        number += 1
        candidate = "\(stem)-\(number)"
      }
      taken.insert(candidate.lowercased())
      return candidate + ".png"
    }
  }

  /// Refuses an output that is one of the inputs.
  public static func refuse(_ path: String, flag: String, asOneOf inputs: [String]) throws(Failure) {
    try refuse([path], flag: flag, asOneOf: inputs)
  }

  /// Refuses outputs if one of them is an input.
  ///
  /// - Complexity: O(paths + inputs).
  public static func refuse(_ paths: [String], flag: String, asOneOf inputs: [String]) throws(Failure) {
    let there = paths.map { ($0, FilePlace($0)) }.filter { $0.1.kind == .regular }
    guard !there.isEmpty else { return }
    let places = Set(inputs.map { FilePlace($0) })
    guard let (path, _) = there.first(where: { places.contains($0.1) }) else { return }
    throw Failure(.usage, "\(flag) \(path): would replace an input; choose another name")
  }

  /// Refuses an output that is, or is inside, one of the input folders: it could replace a file there.
  public static func refuse(_ path: String, flag: String, inside inputs: [String]) throws(Failure) {
    let places = Set(inputs.map { FilePlace($0) }.filter { $0.kind == .folder })
    var place = path
    while true {
      if places.contains(FilePlace(place)) {
        throw Failure(.usage, "\(flag) \(path): lies in the data that is read; choose another place")
      }
      let parent = FilePlace.folder(of: place)
      if parent == place || parent == "." && place == "." { return }
      place = parent
    }
  }

  /// Refuses an output picture at the model's path.
  public func mustNotReplace(model: String) throws(Failure) {
    for path in paths { try PictureOutputs.refuse(path, flag: flag, asOneOf: [model]) }
  }

  private func refuseInputs(_ inputs: [String]) throws(Failure) {
    let places = Set(inputs.map { FilePlace($0) }.filter { $0.kind == .regular })
    guard let path = paths.first(where: { places.contains(FilePlace($0)) }) else { return }
    throw Failure(
      .usage, "\(flag) \(path): would replace an input picture; choose another name, or add --force if that is meant")
  }

  /// Refuses the same name for two different outputs.
  public func mustDiffer(from other: PictureOutputs) throws(Failure) {
    let places = Set(other.paths.map { FilePlace($0) }.filter { $0.kind != .other })
    guard let path = paths.first(where: { places.contains(FilePlace($0)) }) else { return }
    throw Failure(.usage, "\(flag) \(path): is the name given to \(other.flag) too; choose different names")
  }

  /// Refuses an output file that cannot be made in its folder, before any work is done.
  ///
  /// - Throws: `Failure` with status `output`.
  public static func checkFolder(of path: String) throws(Failure) {
    guard FilePlace(path).kind != .other, let code = FilePlace.refusal(toWriteIn: FilePlace.folder(of: path)) else {
      return
    }
    throw Failure(.output, FileError.cannotWrite(path: path, errno: code).description)
  }

  private func checkFolder() throws(Failure) {
    guard let folder else { return try PictureOutputs.checkFolder(of: paths[0]) }
    var place = String(folder.dropLast())
    if place.isEmpty { place = "/" }
    // Missing folders will be made in the nearest existing one.
    while FilePlace(place).kind == .absent, FilePlace.folder(of: place) != place {
      place = FilePlace.folder(of: place)
    }
    guard let code = FilePlace.refusal(toWriteIn: place) else { return }
    throw Failure(.output, FileError.cannotWrite(path: folder, errno: code).description)
  }

  /// The PNG file of an input's picture, for `put`.
  ///
  /// - Throws: `Failure` with status `output`.
  public func encode(_ image: Image, for index: Int) throws(Failure) -> [UInt8] {
    do { return try PNGEncoder.encode(image) } catch {
      throw Failure(.output, "\(paths[index]): \(told(error))")
    }
  }

  /// The PNG file of an input's mask, with class ids as pixel values and a palette of a colour for each.
  ///
  /// - Throws: `Failure` with status `output`.
  public func encode(_ map: Mask, palette: [Colour], for index: Int) throws(Failure) -> [UInt8] {
    do {
      return try PNGEncoder.encodeIndexed(width: map.width, height: map.height, indices: map.ids, palette: palette)
    } catch { throw Failure(.output, "\(paths[index]): \(told(error))") }
  }

  /// Writes a file atomically.
  ///
  /// - Throws: `Failure` with status `output`.
  public func put(_ png: [UInt8], for index: Int) throws(Failure) {
    do {
      try Interrupt.shielded { () throws(FileError) in
        if let folder { try Folder.make(String(folder.dropLast())) }
        try AtomicFile.write(png, to: paths[index])
      }
    } catch { throw Failure(.output, told(error)) }
  }

  /// An input's name without its folder and extension.
  public static func stem(of path: String) -> String { FilePlace.stem(of: path) }

  /// Whether the picture would go to standard output, like the report.
  public var useStandardOutput: Bool {
    ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"].contains(paths[0])
  }
}

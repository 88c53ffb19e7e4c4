import Files
import ImageCodecs
import ImageTypes

/// The output files of a program that draws pictures: one PNG for each input, given by a file name, a folder or a
/// template.
///
/// A folder is an existing one or a name that ends in `/`; it is made if need be. In it a picture of a given folder keeps
/// the folders below that one, and each picture has its input's name with the extension `.png`. A name depends on its
/// input alone, so two different inputs that would write one file are refused.
public struct PictureOutputs: Sendable {
  private enum Place: Sendable {
    case file(String)
    /// With a slash at its end.
    case folder(String)
    case template(OutputTemplate)
  }

  /// The part of a flag's help on folders and templates.
  public static let placesHelp = """
    In a folder (an existing one, or a name that ends in /) each picture has its own file, in the same folders as below a \
    given one. A template names it by fields: 'out/{dir}/{stem}.png', or {name} and {ext}.
    """

  /// The flag that names the output, for messages.
  public let flag: String
  private let value: String
  private let place: Place
  private let inputs: PictureInputs

  /// Chooses the names and checks them before any work is done.
  ///
  /// - Parameter force: whether an output may replace one of the inputs.
  /// - Throws: `Failure` with status `usage` for names that contradict each other or the inputs, `output` for files
  ///   that cannot be written.
  public init(flag: String, value: String, inputs: PictureInputs, force: Bool) throws(Failure) {
    self.flag = flag
    self.value = value
    self.inputs = inputs
    guard !value.isEmpty else { throw Failure(.usage, "\(flag) needs the name of a file or folder") }
    let known: Set = ["bmp", "gif", "jpeg", "jpg", "jxl", "tif", "tiff", "webp"]
    if value.hasSuffix("/") || FilePlace(value).kind == .folder {
      place = .folder(value.hasSuffix("/") ? value : value + "/")
    } else if known.contains(FilePlace.fileExtension(of: value)), inputs.count == 1 || value.contains("{") {
      throw Failure(.usage, "\(flag) \(value): pictures are written as PNG; choose a name that ends in .png")
    } else if value.contains("{") {
      place = .template(try OutputTemplate(value, flag: flag))
    } else if inputs.count == 1 {
      place = .file(value)
    } else {
      throw Failure(
        .usage, "\(flag) \(value): one file for \(inputs.count) pictures; name a folder that exists or ends in /")
    }
    if !force { try refuseInputs() }
    try refuseCollisions()
    try checkFolder()
  }

  /// The path of an input's output.
  public func path(_ index: Int) -> String {
    switch place {
    case .file(let path): return path
    case .folder(let prefix):
      let folder = inputs.folderBelowRoot(index) ?? ""
      return prefix + (folder.isEmpty ? "" : folder + "/") + inputs.stem(index) + ".png"
    case .template(let template): return template.path(of: index, in: inputs)
    }
  }

  /// The paths of the outputs of all inputs that may be pictures.
  private var paths: some Sequence<(index: Int, path: String)> {
    (0..<inputs.count).lazy.filter { inputs.fault($0) == nil }.map { ($0, path($0)) }
  }

  /// The folder in which all outputs of a folder or a template lie; `nil` for a file.
  static func fixedFolder(of value: String) -> String? {
    if value.hasSuffix("/") || FilePlace(value).kind == .folder { return value }
    guard let brace = value.firstIndex(of: "{") else { return nil }
    return FilePlace.folder(of: String(value[..<brace]))
  }

  /// Refuses two inputs with the same output, by its name or because of links.
  private func refuseCollisions() throws(Failure) {
    guard inputs.count > 1 else { return }
    // Numbers instead of names, since there may be many inputs.
    var seen: [Int: Int32] = [:]
    seen.reserveCapacity(inputs.count)
    for (index, path) in paths {
      let place = FilePlace(path)
      guard place.kind != .other, let found = seen.updateValue(Int32(clamping: index), forKey: place.hashValue) else {
        continue
      }
      let other = (index: Int(found), path: self.path(Int(found)))
      guard path == other.path else {
        throw Failure(.usage, "\(flag): \(other.path) and \(path) are the same file; choose another folder")
      }
      // A picture that is named twice is written twice, alike.
      if FilePlace(inputs.path(index)) == FilePlace(inputs.path(other.index)) { continue }
      let template = (PictureOutputs.fixedFolder(of: value) ?? ".").trimmingSlash + "/{dir}/{name}.png"
      throw Failure(
        .usage,
        "\(flag): \(inputs.name(other.index)) and \(inputs.name(index)) would both write \(path); choose "
          + "different names with \(flag) '\(template)'")
    }
  }

  /// Refuses an output that is one of the inputs.
  public static func refuse(_ path: String, flag: String, asOneOf inputs: some Sequence<String>) throws(Failure) {
    try refuse([path], flag: flag, asOneOf: inputs)
  }

  /// Refuses outputs if one of them is an input.
  ///
  /// - Complexity: O(paths + inputs).
  public static func refuse(_ paths: [String], flag: String, asOneOf inputs: some Sequence<String>) throws(Failure) {
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
    let model = FilePlace(model)
    guard model.kind == .regular, let (_, path) = paths.first(where: { FilePlace($0.path) == model }) else { return }
    throw Failure(.usage, "\(flag) \(path): would replace an input; choose another name")
  }

  private func refuseInputs() throws(Failure) {
    var places: Set<FilePlace>?
    for (_, path) in paths where FilePlace.kind(of: path) == .regular {
      if places == nil { places = Set(inputs.paths.map { FilePlace($0) }.filter { $0.kind == .regular }) }
      guard places!.contains(FilePlace(path)) else { continue }
      throw Failure(
        .usage,
        "\(flag) \(path): would replace an input picture; choose another name, or add --force if that is meant")
    }
  }

  /// Refuses the same name for two different outputs.
  public func mustDiffer(from other: PictureOutputs) throws(Failure) {
    let places = Set(other.paths.map { FilePlace($0.path) }.filter { $0.kind != .other }.map(\.hashValue))
    guard let (_, path) = paths.first(where: { places.contains(FilePlace($0.path).hashValue) }) else { return }
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
    guard let folder = PictureOutputs.fixedFolder(of: value) else { return try PictureOutputs.checkFolder(of: value) }
    var place = folder.trimmingSlash
    // Missing folders will be made in the nearest existing one.
    while FilePlace.kind(of: place) == .absent, FilePlace.folder(of: place) != place {
      place = FilePlace.folder(of: place)
    }
    guard let code = FilePlace.refusal(toWriteIn: place) else { return }
    throw Failure(.output, FileError.cannotWrite(path: folder.trimmingSlash + "/", errno: code).description)
  }

  /// The PNG file of an input's picture, for `put`.
  ///
  /// - Throws: `Failure` with status `output`.
  public func encode(_ image: Image, for index: Int) throws(Failure) -> [UInt8] {
    do { return try PNGEncoder.encode(image) } catch {
      throw Failure(.output, "\(path(index)): \(told(error))")
    }
  }

  /// The PNG file of an input's mask, with class ids as pixel values and a palette of a colour for each.
  ///
  /// - Throws: `Failure` with status `output`.
  public func encode(_ map: Mask, palette: [Colour], for index: Int) throws(Failure) -> [UInt8] {
    do {
      return try PNGEncoder.encodeIndexed(width: map.width, height: map.height, indices: map.ids, palette: palette)
    } catch { throw Failure(.output, "\(path(index)): \(told(error))") }
  }

  /// Writes a file atomically.
  ///
  /// - Throws: `Failure` with status `output`.
  public func put(_ png: [UInt8], for index: Int) throws(Failure) {
    do {
      try Interrupt.shielded { () throws(FileError) in
        let path = path(index)
        if case .file = place {} else { try Folder.make(FilePath.folder(of: path)) }
        try AtomicFile.write(png, to: path)
      }
    } catch { throw Failure(.output, told(error)) }
  }

  /// An input's name without its folder and extension.
  public static func stem(of path: String) -> String { FilePlace.stem(of: path) }

  /// Whether the picture would go to standard output, like the report.
  public var useStandardOutput: Bool {
    ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"].contains(value)
  }
}

extension String {
  /// The path without the slashes at its end, except for the root.
  var trimmingSlash: String {
    var path = self[...]
    while path.utf8.count > 1, path.hasSuffix("/") { path.removeLast() }
    return String(path)
  }
}

import ArgumentParser
import Files
import ImageCodecs
import ImageTypes

/// The arguments that name a command's pictures.
public struct PictureOptions: ParsableArguments {
  @Argument(
    help: ArgumentHelp("Pictures, or folders of pictures; - is one picture on standard input.", valueName: "image"))
  public var images: [String] = []

  @Flag(help: "Read the folders inside the given folders as well.")
  public var recursive = false

  @Option(
    help: ArgumentHelp(
      "Read the names of more pictures and folders from this file, one on each line; - is standard input.",
      valueName: "list"))
  public var from: String?

  @Option(
    help: ArgumentHelp("The same, with a zero byte behind each name, as `find -print0` writes.", valueName: "list"))
  public var from0: String?

  @Flag(help: "Refuse damaged pictures that can be read in part, or whose damage changes no pixel.")
  public var strict = false

  public init() {}

  public func validate() throws {
    if images.isEmpty, from == nil, from0 == nil {
      throw ValidationError("Missing expected argument '<image> ...'")
    }
    let streams = images.count { $0 == "-" } + [from, from0].count { $0 == "-" }
    if streams > 1 { throw ValidationError("standard input (-) is named \(streams) times; name it once") }
  }

  /// Collects the inputs: arguments in their order, then those of the lists, folders replaced by their pictures.
  ///
  /// - Parameter outputs: folders of outputs, which are left out below the given folders.
  /// - Throws: `Failure` with status `usage` for a list that cannot be read or has no names.
  public func inputs(_ limits: LimitOptions, outputs: [String?] = []) throws(Failure) -> PictureInputs {
    var inputs = PictureInputs()
    let excluded = outputs.compactMap { $0.flatMap(PictureOutputs.fixedFolder(of:)) }.map { FilePlace($0) }
    let folders = PictureFolders(
      isRecursive: recursive, excluded: Set(excluded.filter { $0.kind == .folder }))
    func add(_ path: String) {
      if let fault = ForeignInput.fault(of: path) {
        inputs.add(path, fault: fault)
      } else if FilePlace.kind(of: path) == .folder {
        folders.add(path, to: &inputs)
      } else {
        inputs.add(path)
      }
    }
    for path in images { if path == "-" { inputs.addStream() } else { add(path) } }
    for (flag, list, separator) in [("--from", from, UInt8(ascii: "\n")), ("--from0", from0, 0)] {
      guard let list else { continue }
      let path = list == "-" ? PictureInputs.stream : list
      var count = 0
      try FileLines.forEach(
        of: path, separator: separator, limit: limits.limits.datasetBytes, .datasetBytes,
        refused: { Failure(.usage, "\(flag): \(told($0))") }
      ) { (line, _) throws(Failure) in
        var name = line[...]
        if separator != 0 {
          if count == 0, name.starts(with: [0xEF, 0xBB, 0xBF]) { name = name.dropFirst(3) }
          if name.last == UInt8(ascii: "\r") { name = name.dropLast() }
        }
        guard !name.isEmpty else { return }
        guard !name.contains(0) else {
          throw Failure(.usage, "\(flag) \(list): has a zero byte in a line; use --from0 for names that end in one")
        }
        count += 1
        guard count <= limits.limits.records else {
          throw Failure(.usage, "\(flag): \(told(FileError.limit(path: list, limits.limits.tooMany(.records))))")
        }
        add(FilePath.string(name))
      }
      if count == 0 { throw Failure(.usage, "\(flag) \(list): has no name in it; write a picture's path on each line") }
    }
    return inputs
  }

  /// Reads an input within the limits.
  ///
  /// - Throws: `Failure` with status `inputs`.
  func read(_ inputs: PictureInputs, _ index: Int, _ limits: Limits) throws(Failure) -> ReadPicture {
    if let fault = inputs.fault(index) { throw Failure(.inputs, fault) }
    let path = inputs.path(index)
    do {
      let name = inputs.name(index) == PictureInputs.streamName ? "standard input" : path
      let picture = try ImageFile.recover(path: path, name: name, limits: limits)
      if strict, let damage = picture.damage.first { throw damage.error }
      return ReadPicture(image: picture.image, warnings: picture.damage.map(\.description))
    } catch { throw Failure(.inputs, told(error)) }
  }
}

/// A decoded picture, with the warnings of its decoding.
struct ReadPicture: Sendable {
  var image: Image
  let warnings: [String]
}

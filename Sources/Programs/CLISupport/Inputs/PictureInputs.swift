import Files

/// The pictures of a command, in order: files, files in folders, and standard input.
///
/// Only their names are held. A folder that cannot be read, or has no picture, is an input too, which fails.
public struct PictureInputs: Sendable {
  /// One input.
  private struct Entry {
    let path: String
    /// The number of the path's bytes up to the part below the given folder; `nil` for a file that was named itself.
    let root: Int32?
  }

  /// The path of standard input.
  static let stream = "/dev/stdin"
  /// The name of standard input in arguments and results.
  static let streamName = "-"

  private var entries: [Entry] = []
  /// The indices of standard input and of inputs that fail.
  private var streams: Set<Int> = []
  private var faults: [Int: String] = [:]

  init() {}

  /// Files that are named themselves.
  public init(files: [String]) { for path in files { add(path) } }

  /// The number of inputs.
  public var count: Int { entries.count }

  /// The input's name in results: its path, in which bytes that are not UTF-8 are written as in `\xE9`.
  public func name(_ index: Int) -> String {
    streams.contains(index) ? PictureInputs.streamName : FilePath.shown(entries[index].path)
  }

  /// The input's path.
  public func path(_ index: Int) -> String { entries[index].path }

  /// The paths in order.
  public var paths: some Sequence<String> { entries.lazy.map(\.path) }

  /// The reason why an input cannot be a picture, known without reading it.
  func fault(_ index: Int) -> String? { faults[index] }

  /// The input's name without its folder and extension.
  public func stem(_ index: Int) -> String {
    streams.contains(index) ? "stdin" : FilePlace.stem(of: entries[index].path)
  }

  /// The file's name with its extension.
  func fileName(_ index: Int) -> String { streams.contains(index) ? "stdin" : FilePlace.name(of: entries[index].path) }

  /// The folders between the given folder and the file, empty for none; `nil` for a file that was named itself.
  func folderBelowRoot(_ index: Int) -> String? {
    let entry = entries[index]
    guard let root = entry.root else { return nil }
    let folder = entry.path.utf8.dropFirst(Int(root))
    guard let slash = folder.lastIndex(of: UInt8(ascii: "/")) else { return "" }
    return String(Substring(folder[..<slash]))
  }

  /// The folders for a template: those below the given folder, or as the file was named, without `.` and `..`.
  func folder(_ index: Int) -> String {
    if let folder = folderBelowRoot(index) { return folder }
    guard !streams.contains(index) else { return "" }
    let parts = entries[index].path.utf8.split(separator: UInt8(ascii: "/")).dropLast().map { String(Substring($0)) }
    return parts.filter { $0 != "." && $0 != ".." }.joined(separator: "/")
  }

  // MARK: Adding

  mutating func add(_ path: String, below root: Int32? = nil) { entries.append(Entry(path: path, root: root)) }

  mutating func addStream() {
    streams.insert(entries.count)
    add(PictureInputs.stream)
  }

  mutating func add(_ path: String, fault: String) {
    faults[entries.count] = fault
    add(path)
  }
}

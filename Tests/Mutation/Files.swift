import Files
import HostileFiles

/// The files of the program.
enum Files {
  /// The files in a folder with the format's extension.
  static func seeds(_ format: HostileFormat, in folder: String) throws -> [Seed] {
    try Folder.names(in: folder).filter { name in format.extensions.contains { name.hasSuffix(".\($0)") } }.map {
      name in
      let file = try MappedFile(path: "\(folder)/\(name)", limit: 1 << 20)
      return Seed(name, file.array(at: 0, count: file.count) ?? [])
    }
  }

  /// Writes the undamaged files.
  static func write(_ seeds: [Seed], _ format: HostileFormat, in folder: String) throws {
    try Folder.make(folder)
    for seed in seeds { try AtomicFile.write(seed.bytes, to: "\(folder)/\(seed.name).\(format.extensions[0])") }
  }

  /// Stores a harmful file.
  ///
  /// - Returns: its path.
  static func keep(_ bytes: [UInt8], _ format: HostileFormat, _ seed: UInt64, _ index: Int, in folder: String) throws
    -> String
  {
    try Folder.make(folder)
    let path = "\(folder)/\(format.rawValue)-\(seed)-\(index).\(format.extensions[0])"
    try AtomicFile.write(bytes, to: path)
    return path
  }
}

import Datasets
import Files
import ImageCodecs
import ImageTypes

/// A temporary folder for one test, removed with its contents at the end.
enum Fixture {
  static func withFolder<R>(_ body: (String) throws -> R) throws -> R {
    let parent = Environment.value("TMPDIR") ?? "/tmp"
    var result: Result<R, any Error>?
    try Folder.withTemporary(in: parent, { (error: FileError) in error }) { (folder: String) throws(FileError) in
      result = Result { try body(folder) }
    }
    return try result!.get()
  }

  static func write(_ text: String, _ path: String) throws {
    try write(Array(text.utf8), path)
  }

  static func write(_ bytes: [UInt8], _ path: String) throws {
    let slash = path.utf8.lastIndex(of: UInt8(ascii: "/"))!
    try Folder.make(String(path[..<slash]))
    try AtomicFile.write(bytes, to: path)
  }

  /// Writes an image of one colour.
  static func picture(_ path: String, width: Int = 40, height: Int = 30) throws {
    try write(PNGEncoder.encode(Image(width: width, height: height, red: 90)), path)
  }

  /// Writes a mask; the palette has all colours.
  static func mask(_ path: String, width: Int = 40, height: Int = 30, _ ids: [UInt8]) throws {
    let palette = (0..<256).map { Colour(red: UInt8($0), green: 0, blue: 0) }
    try write(PNGEncoder.encodeIndexed(width: width, height: height, indices: ids, palette: palette), path)
  }
}

import CLISupport
import Files
import ImageCodecs
import ImageTypes
import Overlay

/// A folder for written images, checked before any work is done and made with the first image.
struct OutputFolder {
  private let path: String

  /// - Parameter data: the input folders, outside of which it must lie.
  /// - Throws: `Failure` with status `usage` or `output`.
  init(_ flag: String, _ path: String, notIn data: [String]) throws(Failure) {
    guard !path.isEmpty else { throw Failure(.usage, "\(flag) needs the name of a folder") }
    self.path = path == "/" ? path : String(path.reversed().drop { $0 == "/" }.reversed())
    try PictureOutputs.refuse(self.path, flag: flag, inside: data)
    _ = try PictureOutputs(flag: flag, value: self.path + "/", inputs: PictureInputs(files: [""]), force: true)
  }

  /// Writes an image atomically.
  ///
  /// - Parameter name: the file's name without its extension, possibly with a subfolder.
  func write(_ image: Image, _ name: String) throws(Failure) {
    let png: [UInt8]
    do { png = try PNGEncoder.encode(image) } catch { throw Failure(.output, told(error)) }
    try put(png, name)
  }

  /// Writes a mask in the colours of Pascal VOC.
  func write(_ map: Mask, _ name: String) throws(Failure) {
    let png: [UInt8]
    do {
      png = try PNGEncoder.encodeIndexed(width: map.width, height: map.height, indices: map.ids, palette: Palette.voc)
    } catch { throw Failure(.output, told(error)) }
    try put(png, name)
  }

  private func put(_ png: [UInt8], _ name: String) throws(Failure) {
    let file = "\(path)/\(name).png"
    do {
      try Interrupt.shielded { () throws(FileError) in
        try Folder.make(name.lastIndex(of: "/").map { "\(path)/\(name[..<$0])" } ?? path)
        try AtomicFile.write(png, to: file)
      }
    } catch { throw Failure(.output, told(error)) }
  }
}

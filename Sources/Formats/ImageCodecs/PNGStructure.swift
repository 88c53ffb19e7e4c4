import Files

/// The header of a PNG and the check of its chunks, before any pixel is decompressed: all chunks are present and in
/// bounds.
///
/// Source: PNG specification, third edition, sections 5 and 11.
struct PNGStructure {
  let width: Int
  let height: Int
  let bitDepth: Int
  /// 0 gray, 2 RGB, 3 palette, 4 gray with alpha, 6 RGB with alpha.
  let colourType: Int
  /// The data of the `eXIf` chunk.
  private(set) var exif: Range<Int>?

  /// Walks over the chunks from the signature to `IEND`.
  ///
  /// - Throws: `ImageError` with the offset of the first invalid chunk, or the exceeded limit.
  /// - Complexity: O(chunks); the chunks' data are not read.
  init(_ bytes: Span<UInt8>, limits: Limits, file: String) throws(ImageError) {
    var offset = ImageFormat.pngSignature.count
    func damage(_ reason: String) -> ImageError { .damaged(file: file, format: .png, offset: offset, reason: reason) }

    let first = try PNGChunk(bytes, at: offset, file: file)
    if first.name == "CgBI" { throw .unsupported(file: file, found: "an iPhone-optimised PNG (chunk CgBI)") }
    guard first.name == "IHDR" else { throw damage("the first chunk is \(first.name), expected IHDR") }
    guard first.data.count == 13 else { throw damage("IHDR has \(first.data.count) bytes, expected 13") }
    guard first.checksumHolds(in: bytes) else { throw damage("CRC error in IHDR") }
    let header = first.data.lowerBound
    width = bytes.bigEndian32(at: header)
    height = bytes.bigEndian32(at: header + 4)
    bitDepth = Int(bytes[header + 8])
    colourType = Int(bytes[header + 9])
    if let reason = Self.fault(width, height, bitDepth, colourType, bytes.array((header + 10)..<(header + 13))) {
      throw damage(reason)
    }
    try ImageError.check(width, height, limits, file: file)

    var ancillary = 0
    var hasData = false
    offset = first.end
    while true {
      let chunk = try PNGChunk(bytes, at: offset, file: file)
      if chunk.name == "IEND" { break }
      if chunk.name == "IDAT" { hasData = true }
      if chunk.name == "eXIf" { exif = chunk.data }
      if chunk.isAncillary, chunk.name != "fdAT" {
        ancillary += chunk.data.count
        if chunk.data.count > limits.chunkBytes {
          throw .limit(file: file, limit: .chunkBytes, allowed: limits.chunkBytes, found: chunk.data.count)
        }
        if ancillary > limits.ancillaryBytes {
          throw .limit(file: file, limit: .ancillaryBytes, allowed: limits.ancillaryBytes, found: ancillary)
        }
      }
      offset = chunk.end
    }
    if !hasData { throw damage("there is no IDAT chunk before IEND") }
  }

  /// A description of the first rule that a header breaks.
  private static func fault(_ width: Int, _ height: Int, _ depth: Int, _ colour: Int, _ methods: [UInt8]) -> String? {
    for (name, side) in [("width", width), ("height", height)] where !(1...0x7FFF_FFFF).contains(side) {
      return "the \(name) is \(side), expected 1 to 2147483647"
    }
    let depths: [Int: [Int]] = [0: [1, 2, 4, 8, 16], 2: [8, 16], 3: [1, 2, 4, 8], 4: [8, 16], 6: [8, 16]]
    guard let allowed = depths[colour] else { return "the colour type is \(colour), expected 0, 2, 3, 4 or 6" }
    guard allowed.contains(depth) else {
      return "the bit depth is \(depth), expected one of \(allowed) with colour type \(colour)"
    }
    if methods[0] != 0 { return "the compression method is \(methods[0]), expected 0" }
    if methods[1] != 0 { return "the filter method is \(methods[1]), expected 0" }
    return methods[2] > 1 ? "the interlace method is \(methods[2]), expected 0 or 1" : nil
  }

  /// The chunk that ends at or contains a byte, for messages.
  static func chunkName(in bytes: Span<UInt8>, before position: Int, file: String) -> (name: String, offset: Int)? {
    var offset = ImageFormat.pngSignature.count
    while let chunk = try? PNGChunk(bytes, at: offset, file: file) {
      if position <= chunk.end { return (chunk.name, offset) }
      offset = chunk.end
    }
    return nil
  }
}

/// A chunk: its name and the range of its data within the file.
struct PNGChunk {
  let name: String
  let data: Range<Int>
  /// The offset behind the CRC.
  var end: Int { data.upperBound + 4 }
  /// Whether a decoder may skip the chunk: the first letter is lower case.
  var isAncillary: Bool { name.utf8.first.map { $0 & 0x20 != 0 } ?? false }

  /// Reads a chunk's length and name, and checks that its data and CRC are inside the file.
  init(_ bytes: Span<UInt8>, at offset: Int, file: String) throws(ImageError) {
    guard bytes.count - offset >= 12 else {
      throw .truncated(
        file: file, format: .png, offset: bytes.count, expected: "a chunk of at least 12 bytes at byte \(offset)")
    }
    let length = bytes.bigEndian32(at: offset)
    let letters = bytes.array((offset + 4)..<(offset + 8))
    guard letters.allSatisfy({ (0x41...0x5A).contains($0 & 0xDF) }) else {
      let found = letters.map(ImageFormat.hex).joined(separator: " ")
      throw .damaged(
        file: file, format: .png, offset: offset, reason: "a chunk is called \(found), expected four letters")
    }
    name = String(decoding: letters, as: UTF8.self)
    guard length <= 0x7FFF_FFFF else {
      throw .damaged(
        file: file, format: .png, offset: offset,
        reason: "the length of chunk \(name) is \(length), at most 2147483647 is allowed")
    }
    guard length <= bytes.count - offset - 12 else {
      throw .truncated(
        file: file, format: .png, offset: bytes.count,
        expected: "\(length) bytes of data and a CRC in chunk \(name) at byte \(offset)")
    }
    data = (offset + 8)..<(offset + 8 + length)
  }

  /// Whether the CRC matches name and data; for small chunks, since it is computed bit by bit.
  func checksumHolds(in bytes: Span<UInt8>) -> Bool {
    var remainder: UInt32 = 0xFFFF_FFFF
    for place in (data.lowerBound - 4)..<data.upperBound {
      remainder ^= UInt32(bytes[place])
      for _ in 0..<8 { remainder = remainder >> 1 ^ (remainder & 1 == 0 ? 0 : 0xEDB8_8320) }
    }
    return Int(~remainder) == bytes.bigEndian32(at: data.upperBound)
  }
}

extension Span<UInt8> {
  /// A copy of a range of bytes; the caller has checked the range.
  func array(_ range: Range<Int>) -> [UInt8] {
    var bytes = [UInt8]()
    bytes.reserveCapacity(range.count)
    for place in range { bytes.append(self[place]) }
    return bytes
  }

  /// The big-endian 32-bit number at an offset; the caller has checked the offset.
  func bigEndian32(at offset: Int) -> Int {
    Int(self[offset]) << 24 | Int(self[offset + 1]) << 16 | Int(self[offset + 2]) << 8 | Int(self[offset + 3])
  }
}

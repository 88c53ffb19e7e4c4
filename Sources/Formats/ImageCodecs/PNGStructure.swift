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
  /// What a decoder reads: the signature and the chunks that decide the pixels, without `IEND`.
  private(set) var parts: [Range<Int>]

  /// Walks over the chunks from the signature to `IEND`.
  ///
  /// - Parameters:
  ///   - isVerified: whether the checksums of the skipped chunks are checked; a decoder checks the others.
  ///   - damage: receives the first damage that changes no pixel; with `nil` it is an error.
  /// - Throws: `ImageError` with the offset of the first invalid chunk, or the exceeded limit.
  /// - Complexity: O(chunks), and O(bytes) of the skipped ones with `isVerified`.
  init(
    _ bytes: Span<UInt8>, limits: Limits, file: String, isVerified: Bool = true, damage: inout [ImageDamage]?
  ) throws(ImageError) {
    var offset = ImageFormat.pngSignature.count
    func damaged(_ reason: String) -> ImageError { .damaged(file: file, format: .png, offset: offset, reason: reason) }

    let first = try PNGChunk(bytes, at: offset, file: file)
    if first.name == "CgBI" { throw .unsupported(file: file, found: "an iPhone-optimised PNG (chunk CgBI)") }
    guard first.name == "IHDR" else { throw damaged("the first chunk is \(first.name), expected IHDR") }
    guard first.data.count == 13 else { throw damaged("IHDR has \(first.data.count) bytes, expected 13") }
    guard first.checksumHolds(in: bytes) else { throw damaged("CRC error in IHDR") }
    let header = first.data.lowerBound
    width = bytes.bigEndian32(at: header)
    height = bytes.bigEndian32(at: header + 4)
    bitDepth = Int(bytes[header + 8])
    colourType = Int(bytes[header + 9])
    if let reason = Self.fault(width, height, bitDepth, colourType, bytes.array((header + 10)..<(header + 13))) {
      throw damaged(reason)
    }
    try ImageError.check(width, height, limits, file: file)

    parts = [0..<first.end]
    var ancillary = 0
    var hasData = false
    var last = "IHDR"
    var search = ChunkSearch()
    /// The offset of the last chunk, if it was skipped with a wrong checksum: its length may be wrong as well.
    var suspect: Int?
    /// Notes damage that changes no pixel, only the first of a file.
    func note(_ error: ImageError, _ damage: inout [ImageDamage]?) throws(ImageError) {
      guard damage != nil else { throw error }
      if damage!.isEmpty { damage!.append(ImageDamage(error: error, effect: .none)) }
    }
    offset = first.end
    while true {
      let chunk: PNGChunk
      do throws(ImageError) { chunk = try PNGChunk(bytes, at: offset, file: file) } catch {
        let name = PNGChunk.name(bytes, at: offset)
        let isSkipped = name.map(PNGChunk.isSkipped) ?? false
        if damage != nil, let wrong = suspect ?? (isSkipped ? offset : nil),
          let next = search.chunk(in: bytes, behind: wrong, file: file)
        {
          try note(error, &damage)
          (offset, suspect) = (next, nil)
          continue
        }
        // Behind image data that are complete, which the decoder checks, nothing is needed any more.
        guard hasData, name == nil || isSkipped || name == "IEND" || bytes.count - offset < 12 else { throw error }
        try note(error, &damage)
        break
      }
      suspect = nil
      if chunk.name == "IEND" || PNGChunk.isSkipped(chunk.name) {
        if isVerified, !chunk.checksumHolds(in: bytes) {
          try note(
            .damaged(
              file: file, format: .png, offset: chunk.end,
              reason: "CRC error, in chunk \(chunk.name) at byte \(offset)"), &damage)
          suspect = offset
        }
        if chunk.name == "IEND" { break }
      } else if parts[parts.count - 1].upperBound == offset {
        parts[parts.count - 1] = parts[parts.count - 1].lowerBound..<chunk.end
      } else {
        parts.append(offset..<chunk.end)
      }
      if chunk.name == "IDAT" {
        if hasData, last != "IDAT" {
          try note(
            .damaged(
              file: file, format: .png, offset: offset,
              reason: "the IDAT chunks are not consecutive: there is another one behind \(last)"), &damage)
        }
        hasData = true
      }
      last = chunk.name
      if chunk.name == "eXIf" { exif = chunk.data }
      // The others are never read.
      if chunk.name == "eXIf" || chunk.name == "tRNS" {
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
    if !hasData { throw damaged("there is no IDAT chunk before IEND") }
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

  /// Whether a decoder skips a chunk of that name: it is ancillary (its first letter is lower case) and changes no
  /// pixel.
  static func isSkipped(_ name: String) -> Bool { (name.utf8.first ?? 0) & 0x20 != 0 && name != "tRNS" }

  /// The name at the place of a chunk's; `nil` where there is none.
  static func name(_ bytes: Span<UInt8>, at offset: Int) -> String? {
    guard bytes.count - offset >= 8 else { return nil }
    let letters = bytes.array((offset + 4)..<(offset + 8))
    return letters.allSatisfy { (0x41...0x5A).contains($0 & 0xDF) } ? String(decoding: letters, as: UTF8.self) : nil
  }

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

  /// Whether the CRC matches name and data.
  func checksumHolds(in bytes: Span<UInt8>) -> Bool {
    let sum = CodecBridge.checksum(bytes, (data.lowerBound - 4)..<data.upperBound)
    return Int(sum) == bytes.bigEndian32(at: data.upperBound)
  }
}

/// The search for the next chunk that a decoder needs, behind a skipped one with a wrong length.
struct ChunkSearch {
  private static let names = ["IDAT", "IEND", "PLTE", "tRNS"].map { Array($0.utf8) }
  /// The number of checksums that may still be computed, which bounds the work on a file made to cause it.
  private var checksums = 16

  /// The offset of the first chunk of a known name with a right checksum.
  mutating func chunk(in bytes: Span<UInt8>, behind offset: Int, file: String) -> Int? {
    var place = offset + 8
    while place + 12 <= bytes.count, checksums > 0 {
      let first = bytes[place + 4]
      if first == 0x49 || first == 0x50 || first == 0x74,
        ChunkSearch.names.contains(bytes.array((place + 4)..<(place + 8))),
        let chunk = try? PNGChunk(bytes, at: place, file: file)
      {
        checksums -= 1
        if chunk.checksumHolds(in: bytes) { return place }
      }
      place += 1
    }
    return nil
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

import Files

/// A Windows or OS/2 bitmap: its header, and the decoding of its pixels.
///
/// Source: the documentation of `BITMAPINFOHEADER` and its successors, Win32 API. Alpha is ignored, as most programs that
/// write BMP do not mean it.
struct BMPFile {
  enum Coding { case plain, rle8, rle4 }

  let width, height: Int
  private let file: String
  private let bits: Int
  private let isTopDown: Bool
  private let coding: Coding
  /// The masks of red, green and blue, for 16 and 32 bits.
  private let masks: [UInt32]
  private let palette: Range<Int>
  /// Bytes of an entry of the palette.
  private let entry: Int
  private let start: Int

  /// Reads the header.
  ///
  /// - Throws: `ImageError`, also for a size above the limits.
  /// - Complexity: O(1).
  init(_ bytes: Span<UInt8>, limits: Limits, file: String) throws(ImageError) {
    self.file = file
    func need(_ end: Int, _ what: String) throws(ImageError) {
      guard bytes.count >= end else { throw .truncated(file: file, format: .bmp, offset: bytes.count, expected: what) }
    }
    func damaged(_ offset: Int, _ reason: String) -> ImageError {
      .damaged(file: file, format: .bmp, offset: offset, reason: reason)
    }
    try need(26, "a header of at least 26 bytes")
    let header = bytes.little32(at: 14)
    guard header == 12 || (16...1024).contains(header) else { throw damaged(14, "the header has \(header) bytes") }
    try need(14 + header, "a header of \(header) bytes")
    let isOld = header == 12
    let rows: Int
    if isOld {
      (width, rows) = (bytes.little16(at: 18), bytes.little16(at: 20))
    } else {
      width = Int(Int32(truncatingIfNeeded: bytes.little32(at: 18)))
      rows = Int(Int32(truncatingIfNeeded: bytes.little32(at: 22)))
    }
    bits = bytes.little16(at: isOld ? 24 : 28)
    height = abs(rows)
    isTopDown = rows < 0
    entry = isOld ? 3 : 4
    guard width >= 1, height >= 1 else { throw damaged(18, "the size is \(width)x\(rows), expected at least 1x1") }
    try ImageError.check(width, height, limits, file: file)
    guard [1, 4, 8, 16, 24, 32].contains(bits) else {
      throw damaged(isOld ? 24 : 28, "a pixel has \(bits) bits, expected 1, 4, 8, 16, 24 or 32")
    }
    let compression = header >= 40 ? bytes.little32(at: 30) : 0
    var masks: [UInt32] = bits == 16 ? [0x7C00, 0x3E0, 0x1F] : [0xFF_0000, 0xFF00, 0xFF]
    var end = 14 + header
    switch (compression, bits) {
    case (0, _): coding = .plain
    case (1, 8): coding = .rle8
    case (2, 4): coding = .rle4
    case (3, 16), (3, 32), (6, 16), (6, 32):
      coding = .plain
      // The masks follow the oldest of these headers, and are part of the others.
      if header == 40 { end += compression == 6 ? 16 : 12 }
      try need(max(end, 66), "three masks of colours")
      masks = (0..<3).map { UInt32(truncatingIfNeeded: bytes.little32(at: 54 + 4 * $0)) }
    default: throw .unsupported(file: file, found: "a BMP of compression \(compression) with \(bits) bits a pixel")
    }
    self.masks = masks
    let used = header >= 40 ? bytes.little32(at: 46) : 0
    let most = bits <= 8 ? 1 << bits : 0
    let count = used == 0 || used > most ? most : used
    start = bytes.little32(at: 10)
    guard start >= end, start <= bytes.count else {
      throw damaged(10, "the pixels begin at byte \(start), expected \(end) to \(bytes.count)")
    }
    palette = end..<min(end + count * entry, start)
    if coding == .plain {
      let size = stride * height
      guard bytes.count - start >= size else {
        throw .truncated(
          file: file, format: .bmp, offset: bytes.count, expected: "\(size) bytes of pixels from byte \(start) on")
      }
    } else if isTopDown {
      throw damaged(22, "a compressed picture has \(rows) rows, expected a positive number")
    }
  }

  /// Bytes of a stored row.
  private var stride: Int { (width * bits + 31) / 32 * 4 }

  /// Decodes the pixels as RGB.
  ///
  /// - Complexity: O(bytes + pixels).
  func pixels(_ bytes: Span<UInt8>) throws(ImageError) -> [UInt8] {
    guard CodecBridge.hasMemory(width * height * (coding == .plain ? 3 : 4)) else { throw .outOfMemory(file: file) }
    var rgb = [UInt8](repeating: 0, count: width * height * 3)
    if bits <= 8 {
      let colours = colours(bytes)
      if coding == .plain {
        for y in 0..<height { indexedRow(bytes, row: y, colours, into: &rgb) }
      } else {
        let indices = try indices(bytes)
        for (place, index) in indices.enumerated() {
          for k in 0..<3 { rgb[3 * place + k] = colours[3 * Int(index) + k] }
        }
      }
      return rgb
    }
    for y in 0..<height {
      if bits == 24 { plainRow(bytes, row: y, into: &rgb) } else { maskedRow(bytes, row: y, into: &rgb) }
    }
    return rgb
  }

  /// 256 colours; those that the file does not have are black.
  private func colours(_ bytes: Span<UInt8>) -> [UInt8] {
    var colours = [UInt8](repeating: 0, count: 768)
    for index in 0..<palette.count / entry {
      let place = palette.lowerBound + index * entry
      for k in 0..<3 { colours[3 * index + k] = bytes[place + 2 - k] }
    }
    return colours
  }

  /// The place of the first byte of a displayed row.
  private func begin(of row: Int) -> Int { start + (isTopDown ? row : height - 1 - row) * stride }

  private func indexedRow(_ bytes: Span<UInt8>, row: Int, _ colours: [UInt8], into rgb: inout [UInt8]) {
    let begin = begin(of: row)
    var out = row * width * 3
    for x in 0..<width {
      let bit = x * bits
      let index = Int(bytes[begin + bit / 8]) >> (8 - bits - bit % 8) & (1 << bits - 1)
      for k in 0..<3 { rgb[out + k] = colours[3 * index + k] }
      out += 3
    }
  }

  private func plainRow(_ bytes: Span<UInt8>, row: Int, into rgb: inout [UInt8]) {
    let begin = begin(of: row)
    let out = row * width * 3
    for x in 0..<width {
      for k in 0..<3 { rgb[out + 3 * x + k] = bytes[begin + 3 * x + 2 - k] }
    }
  }

  private func maskedRow(_ bytes: Span<UInt8>, row: Int, into rgb: inout [UInt8]) {
    let begin = begin(of: row)
    let out = row * width * 3
    for x in 0..<width {
      let pixel =
        bits == 16
        ? UInt32(bytes.little16(at: begin + 2 * x)) : UInt32(truncatingIfNeeded: bytes.little32(at: begin + 4 * x))
      for k in 0..<3 { rgb[out + 3 * x + k] = BMPFile.level(pixel, masks[k]) }
    }
  }

  /// The value under a mask, scaled to 0...255 and rounded to nearest.
  private static func level(_ pixel: UInt32, _ mask: UInt32) -> UInt8 {
    if mask == 0 { return 0 }
    let shift = mask.trailingZeroBitCount
    let most = UInt64(mask >> shift)
    return UInt8(truncatingIfNeeded: (UInt64((pixel & mask) >> shift) * 255 + most / 2) / most)
  }

  /// Decodes run lengths; pixels that are skipped have index 0.
  private func indices(_ bytes: Span<UInt8>) throws(ImageError) -> [UInt8] {
    var indices = [UInt8](repeating: 0, count: width * height)
    var (place, x, y) = (start, 0, 0)
    func put(_ value: UInt8) {
      if x < width, y < height { indices[(height - 1 - y) * width + x] = value }
      x += 1
    }
    while place + 2 <= bytes.count, y < height {
      let (count, value) = (Int(bytes[place]), bytes[place + 1])
      place += 2
      if count > 0 {
        for i in 0..<count { put(coding == .rle8 ? value : i % 2 == 0 ? value >> 4 : value & 15) }
        continue
      }
      switch value {
      case 0: (x, y) = (0, y + 1)
      case 1: return indices
      case 2:
        guard place + 2 <= bytes.count else { break }
        x += Int(bytes[place])
        y += Int(bytes[place + 1])
        place += 2
      default:
        let run = Int(value)
        let size = coding == .rle8 ? run : (run + 1) / 2
        guard place + size <= bytes.count else { place = bytes.count; continue }
        for i in 0..<run {
          let byte = bytes[place + (coding == .rle8 ? i : i / 2)]
          put(coding == .rle8 ? byte : i % 2 == 0 ? byte >> 4 : byte & 15)
        }
        place += size + size % 2
      }
    }
    guard y >= height || y == height - 1 && x >= width else {
      throw .truncated(file: file, format: .bmp, offset: bytes.count, expected: "\(height - y) more rows and their end")
    }
    return indices
  }
}

extension Span<UInt8> {
  /// The little-endian 16-bit number at an offset; the caller has checked the offset.
  func little16(at offset: Int) -> Int { Int(self[offset]) | Int(self[offset + 1]) << 8 }

  /// The little-endian 32-bit number at an offset; the caller has checked the offset.
  func little32(at offset: Int) -> Int { little16(at: offset) | little16(at: offset + 2) << 16 }
}

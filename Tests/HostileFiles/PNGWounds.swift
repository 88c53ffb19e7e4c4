import TestSupport

/// Damage to the chunks of a PNG.
package enum PNGWounds {
  /// The ranges of the chunks behind the signature, up to the first one that extends beyond the file.
  private static func chunks(_ bytes: [UInt8]) -> [Range<Int>] {
    var chunks: [Range<Int>] = []
    var offset = 8
    while bytes.count - offset >= 12 {
      let length = bytes[offset..<offset + 4].reduce(0) { $0 << 8 | Int($1) }
      guard length <= bytes.count - offset - 12 else { break }
      chunks.append(offset..<offset + 12 + length)
      offset += 12 + length
    }
    return chunks
  }

  private static let names = [
    "IHDR", "PLTE", "IDAT", "IEND", "tRNS", "gAMA", "cHRM", "iCCP", "sRGB", "bKGD", "hIST", "pHYs", "sPLT", "tIME",
    "tEXt",
    "zTXt", "iTXt", "eXIf", "acTL", "fcTL", "fdAT", "CgBI", "aaAa", "IDAT",
  ]

  static func apply(to bytes: inout [UInt8], _ random: inout SplitMix64) {
    let chunks = chunks(bytes)
    guard let chunk = chunks.randomElement(using: &random), let other = chunks.randomElement(using: &random) else {
      return
    }
    switch random.integer(in: 0...6) {
    case 0: bytes.removeSubrange(chunk)
    case 1: bytes.insert(contentsOf: bytes[chunk], at: other.lowerBound)
    case 2:
      let copy = Array(bytes[chunk])
      bytes.removeSubrange(chunk)
      bytes.insert(contentsOf: copy, at: min(other.lowerBound, bytes.count))
    case 3:
      let name = Array(names[random.integer(in: 0...names.count - 1)].utf8)
      bytes.replaceSubrange(chunk.lowerBound + 4..<chunk.lowerBound + 8, with: name)
    case 4: bytes[chunk.lowerBound + random.integer(in: 0...3)] = UInt8(truncatingIfNeeded: random.next())
    case 5:
      // Damage to the header's fields.
      guard bytes.count > 29 else { return }
      let place = random.integer(in: 16...28)
      bytes[place] = [0, 1, 2, 3, 4, 6, 8, 16, 0x7f, 0xff][random.integer(in: 0...9)]
    default:
      // Image data divided into two chunks.
      guard chunk.count > 13 else { return }
      let cut = random.integer(in: chunk.lowerBound + 8...chunk.upperBound - 5)
      let name = Array(bytes[chunk.lowerBound + 4..<chunk.lowerBound + 8])
      let rest = Array(bytes[cut..<chunk.upperBound - 4])
      var parts = big(cut - chunk.lowerBound - 8) + name + bytes[chunk.lowerBound + 8..<cut] + [0, 0, 0, 0]
      parts += big(rest.count) + name + rest + [0, 0, 0, 0]
      bytes.replaceSubrange(chunk, with: parts)
    }
  }

  private static func big(_ value: Int) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * $0)) } }

  /// Updates every chunk's checksum.
  package static func repairChecksums(_ bytes: inout [UInt8]) {
    for chunk in chunks(bytes) {
      var remainder: UInt32 = 0xFFFF_FFFF
      for i in chunk.lowerBound + 4..<chunk.upperBound - 4 {
        remainder = table[Int((remainder ^ UInt32(bytes[i])) & 255)] ^ remainder >> 8
      }
      bytes.replaceSubrange(chunk.upperBound - 4..<chunk.upperBound, with: big(Int(~remainder)))
    }
  }

  private static let table: [UInt32] = (0..<256).map { byte in
    (0..<8).reduce(UInt32(byte)) { value, _ in value >> 1 ^ (value & 1 == 0 ? 0 : 0xEDB8_8320) }
  }
}

import TestSupport

/// Seeded damage to files; the same seed and index always give the same file.
package struct Mutator: Sendable {
  package let format: HostileFormat
  package let seed: UInt64
  private let seeds: [Seed]

  package init(_ format: HostileFormat, seed: UInt64, more seeds: [Seed] = []) {
    self.format = format
    self.seed = seed
    self.seeds = Seed.all(format) + seeds
  }

  /// The damaged file of that index.
  package func file(_ index: Int) -> [UInt8] {
    var random = SplitMix64(seed: SplitMix64.number(at: index, seed: seed ^ SplitMix64.seed(of: format.rawValue)))
    let base = seeds[random.integer(in: 0...seeds.count - 1)]
    var file = Draft(bytes: base.bytes, focus: base.focus)
    // Damage to the container or to bytes; most files are damaged once or twice, a few many times.
    for _ in 0..<[1, 1, 1, 2, 2, 3, 5, 16][random.integer(in: 0...7)] {
      switch format {
      case .png where random.integer(in: 0...2) == 0: PNGWounds.apply(to: &file.bytes, &random)
      case .coco, .cvat, .labelme, .supervisely, .voc, .yolo:
        if random.integer(in: 0...1) == 0 { file.wordWound(&random) } else { file.wound(&random) }
      default: file.wound(&random, other: seeds[random.integer(in: 0...seeds.count - 1)].bytes)
      }
      if file.bytes.isEmpty { break }
    }
    // With its old checksums almost every damaged PNG would be refused at the first chunk.
    if format == .png, random.integer(in: 0...9) < 8 { PNGWounds.repairChecksums(&file.bytes) }
    return file.bytes
  }
}

/// A file that is being damaged.
private struct Draft {
  var bytes: [UInt8]
  let focus: Range<Int>

  /// A random position, mostly in the focus.
  private func place(_ random: inout SplitMix64) -> Int {
    let upper = random.integer(in: 0...9) == 0 ? bytes.count : min(focus.upperBound, bytes.count)
    return random.integer(in: 0...max(upper - 1, 0))
  }

  private func range(_ random: inout SplitMix64) -> Range<Int> {
    let start = place(&random)
    let length = [1, 2, 4, 8, 16, 64, 256, 4096][random.integer(in: 0...7)]
    return start..<min(start + random.integer(in: 1...length), bytes.count)
  }

  private static let interesting: [UInt64] = [
    0, 1, 2, 3, 4, 7, 8, 12, 16, 31, 32, 63, 64, 100, 127, 128, 129, 255, 256, 1024, 4096, 32767, 32768, 65535, 65536,
    0x7fff_fffe, 0x7fff_ffff, 0x8000_0000, 0xffff_fffe, 0xffff_ffff, 0x1_0000_0000, 0x7fff_ffff_ffff_ffff,
    0x8000_0000_0000_0000, 0xffff_ffff_ffff_fffe, 0xffff_ffff_ffff_ffff,
    // As fp32: NaN, infinities, the largest, a denormal.
    0x7fc0_0000, 0x7f80_0000, 0xff80_0000, 0x7f7f_ffff, 0x0000_0001,
  ]

  mutating func wound(_ random: inout SplitMix64, other: [UInt8] = []) {
    switch random.integer(in: 0...11) {
    case 0, 1:
      for _ in 0..<random.integer(in: 1...4) {
        bytes[place(&random)] ^= 1 << UInt8(random.integer(in: 0...7))
      }
    case 2: bytes[place(&random)] = [0, 1, 0x7f, 0x80, 0xff, 0x20, 0x22, 0x2d][random.integer(in: 0...7)]
    case 3:
      for i in range(&random) { bytes[i] = UInt8(truncatingIfNeeded: random.next()) }
    case 4, 5, 6:
      let value = Draft.interesting[random.integer(in: 0...Draft.interesting.count - 1)]
      let size = [1, 2, 4, 8][random.integer(in: 0...3)]
      let isBig = random.integer(in: 0...1) == 0
      let start = place(&random)
      for i in 0..<size where start + i < bytes.count {
        bytes[start + i] = UInt8(truncatingIfNeeded: value >> UInt64(8 * (isBig ? size - 1 - i : i)))
      }
    case 7: bytes.removeSubrange(range(&random))
    case 8:
      let copy = bytes[range(&random)]
      bytes.insert(contentsOf: copy, at: place(&random))
    case 9:
      let copy = Array(bytes[range(&random)])
      let start = place(&random)
      for i in copy.indices where start + i < bytes.count { bytes[start + i] = copy[i] }
    case 10: bytes.removeLast(bytes.count - place(&random))
    default:
      guard !other.isEmpty else { return bytes.append(UInt8(truncatingIfNeeded: random.next())) }
      // The beginning of one file and the end of another.
      let cut = random.integer(in: 0...other.count - 1)
      bytes = Array(bytes[..<place(&random)]) + other[cut...]
    }
  }

  private static let words: [[UInt8]] = [
    "-1", "0", "1e308", "-1e308", "1e400", "1e-400", "NaN", "inf", "99999999999999999999", "9007199254740993", "-0",
    "1000000",
    "1000001", "65500", "65501", "2147483648", "4294967296", "0.0000001", "{", "}", "[", "]", "[[", "]]", ",", ":",
    "\"",
    "\\ud800", "\\u0000", "null", "true", "<a>", "</a>", "<", ">", "&", "&amp;", "&#0;", "&#x10ffff;", "<!DOCTYPE a>",
    "<![CDATA[", "]]>", "<object>", "</object>", "<bndbox>", "<?xml version=\"1.0\"?>", "\n", "\r", "\t",
    "0 0.5 0.5 1 1\n",
    "\"counts\":\"ooooooooo0\"", "\"size\":[65500,65500]", "\"segmentation\":[[0,0,1e6,0,0,1e6]]",
  ].map { Array($0.utf8) }

  /// Damages whole words and numbers.
  mutating func wordWound(_ random: inout SplitMix64) {
    let word = Draft.words[random.integer(in: 0...Draft.words.count - 1)]
    if random.integer(in: 0...2) == 0 { return bytes.insert(contentsOf: word, at: place(&random)) }
    // In place of the next number or name.
    func isPart(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) || (0x61...0x7a).contains(byte) || byte == 0x2e }
    guard let start = bytes[place(&random)...].firstIndex(where: isPart) else { return }
    let end = bytes[start...].firstIndex { !isPart($0) } ?? bytes.count
    bytes.replaceSubrange(start..<end, with: word)
  }
}

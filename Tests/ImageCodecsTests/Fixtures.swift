import Files
import ImageCodecs
import ImageTypes
import TestSupport

/// An image of the golden tables: its expected pixels and, in all tables but PngSuite's, its file.
struct Fixture: Sendable, CustomStringConvertible {
  let name: String
  let width: Int
  let height: Int
  /// 64-bit FNV-1a of the RGB bytes.
  let hash: UInt64
  let bytes: [UInt8]

  var description: String { name }

  static let png = table("png")
  static let jpeg = table("jpeg")
  static let pngSuite = table("pngsuite")

  static func png(_ name: String) -> [UInt8] { png.first { $0.name == name }!.bytes }
  static func jpeg(_ name: String) -> [UInt8] { jpeg.first { $0.name == name }!.bytes }

  private static func table(_ name: String) -> [Fixture] {
    guard let text = try? Golden.bytes("images/\(name).tsv") else { return [] }
    return text.split(separator: UInt8(ascii: "\n")).map { line in
      let fields = line.split(separator: UInt8(ascii: "\t"))
      func words(_ index: Int) -> String { String(decoding: fields[index], as: UTF8.self) }
      return Fixture(
        name: words(0), width: Int(words(1))!, height: Int(words(2))!, hash: UInt64(words(3), radix: 16)!,
        bytes: fields.count > 4 ? hexadecimal(fields[4]) : [])
    }
  }

  private static func hexadecimal(_ digits: ArraySlice<UInt8>) -> [UInt8] {
    func value(_ digit: UInt8) -> UInt8 { digit < 0x3A ? digit - 0x30 : digit - 0x57 }
    return stride(from: digits.startIndex, to: digits.endIndex, by: 2).map {
      value(digits[$0]) << 4 | value(digits[$0 + 1])
    }
  }

  /// Whether an image has the table's size and pixels.
  func matches(_ image: Image) -> Bool {
    image.width == width && image.height == height && Self.hash(image.pixels) == hash
  }

  static func hash(_ bytes: [UInt8]) -> UInt64 {
    var value: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in bytes { value = (value ^ UInt64(byte)) &* 0x100_0000_01B3 }
    return value
  }
}

/// Valid and invalid PNG files built by hand.
enum HandmadePNG {
  static let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
  static let end = chunk("IEND", [])

  static func big(_ value: Int) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * $0)) } }

  static func chunk(_ name: String, _ data: [UInt8]) -> [UInt8] {
    let body = Array(name.utf8) + data
    return big(data.count) + body + big(Int(crc(body)))
  }

  static func header(_ width: Int, _ height: Int, depth: UInt8 = 8, colour: UInt8 = 0, _ methods: [UInt8] = [0, 0, 0])
    -> [UInt8]
  {
    chunk("IHDR", big(width) + big(height) + [depth, colour] + methods)
  }

  /// A zlib stream of one stored block.
  static func zlib(_ bytes: [UInt8]) -> [UInt8] {
    let count = bytes.count
    let length = [UInt8(count & 255), UInt8(count >> 8)]
    var a = 1, b = 0
    for byte in bytes {
      a = (a + Int(byte)) % 65521
      b = (b + a) % 65521
    }
    return [0x78, 0x01, 0x01] + length + length.map { ~$0 } + bytes + big(b << 16 | a)
  }

  /// A 4x3 gray image, every part of which may be replaced.
  static func gray(
    header: [UInt8] = header(4, 3), before: [UInt8] = [], data: [UInt8]? = nil, after: [UInt8] = []
  ) -> [UInt8] {
    let rows: [UInt8] = [0, 0, 16, 32, 48, 0, 64, 80, 96, 112, 0, 128, 144, 160, 176]
    return signature + header + before + (data ?? chunk("IDAT", zlib(rows))) + after + end
  }

  private static func crc(_ bytes: [UInt8]) -> UInt32 {
    var remainder: UInt32 = 0xFFFF_FFFF
    for byte in bytes {
      remainder ^= UInt32(byte)
      for _ in 0..<8 { remainder = remainder >> 1 ^ (remainder & 1 == 0 ? 0 : 0xEDB8_8320) }
    }
    return ~remainder
  }
}

/// The error of reading these bytes, or `nil` without an error.
func refusal(of bytes: [UInt8], limits: Limits = .standard) -> ImageError? {
  do {
    _ = try ImageFile.decode(bytes: bytes, name: "test", limits: limits)
    return nil
  } catch {
    return error
  }
}

/// IEEE half-precision numbers as bits: one sign bit, five of exponent, ten of fraction.
///
/// It is implemented here because `Float16` does not exist on every platform.
package enum HalfPrecision {
  /// The largest finite value.
  package static let greatest: Float = 65504
  /// The least normal value; smaller ones are multiples of 2^-24.
  package static let leastNormal: Float = 0x1p-14

  /// The value of a half-precision number, exactly.
  @inline(__always) package static func widened(_ bits: UInt16) -> Float {
    let magnitude = UInt32(bits & 0x7fff) << 13
    // The exponent's bias grows from 15 to 127. Selections without branches, so that the compiler vectorises them.
    let normal = magnitude &+ (112 << 23)
    let small = (Float(bitPattern: magnitude &+ (113 << 23)) - 0x1p-14).bitPattern
    let special = magnitude &+ (224 << 23)
    let value = magnitude < 1 << 23 ? small : magnitude < 31 << 23 ? normal : special
    return Float(bitPattern: value | UInt32(bits & 0x8000) << 16)
  }

  /// The nearest half-precision number, ties to even; an infinity from 65520 on.
  @inline(__always) package static func rounded(_ value: Float) -> UInt16 {
    let sign = UInt16(truncatingIfNeeded: value.bitPattern >> 16) & 0x8000
    let magnitude = value.bitPattern & 0x7fff_ffff
    if magnitude >= 0x4780_0000 { return sign | (magnitude > 0x7f80_0000 ? 0x7e00 : 0x7c00) }
    if magnitude < 0x3880_0000 {
      // Between 0.5 and 1 numbers lie 2^-24 apart, as the smallest halves do: the addition rounds.
      return sign | UInt16(truncatingIfNeeded: (Float(bitPattern: magnitude) + 0.5).bitPattern &- 0x3f00_0000)
    }
    let even = magnitude >> 13 & 1
    return sign | UInt16(truncatingIfNeeded: (magnitude &- (112 << 23) &+ 0xfff &+ even) >> 13)
  }

  /// The nearest half-precision numbers in little-endian bytes.
  static func bytes(of values: Span<Float>) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(values.count * 2)
    for i in values.indices {
      let bits = rounded(values[i])
      bytes.append(UInt8(truncatingIfNeeded: bits))
      bytes.append(UInt8(truncatingIfNeeded: bits >> 8))
    }
    return bytes
  }

  /// The index of the first NaN or infinity, and the value as text.
  package static func firstAbnormal(_ halves: Span<UInt16>) -> (index: Int, value: String)? {
    var start = 0
    while start < halves.count {
      let block = halves.extracting(start..<min(start + 4096, halves.count))
      var greatest: UInt16 = 0
      for i in block.indices { greatest = max(greatest, block[i] & 0x7fff) }
      if greatest >= 0x7c00 {
        for i in block.indices where block[i] & 0x7fff >= 0x7c00 {
          let value = widened(block[i])
          return (start + i, value.isNaN ? "nan" : "\(value)")
        }
      }
      start += block.count
    }
    return nil
  }
}

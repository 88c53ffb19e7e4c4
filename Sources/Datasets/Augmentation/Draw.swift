/// Random numbers without history: each is a function of what it is for, so that no order and no thread can change it.
///
/// Source: Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, OOPSLA 2014, figure 18 (the mixer).
struct Draw {
  private var state: UInt64

  /// The numbers of one variant of one picture.
  init(seed: UInt64, picture: Int, variant: Int) {
    state = Draw.mix(
      Draw.mix(Draw.mix(seed) ^ UInt64(truncatingIfNeeded: picture)) ^ UInt64(truncatingIfNeeded: variant))
  }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    return Draw.mix(state)
  }

  /// In [0, 1), with 53 random bits.
  mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }

  /// In the range; its bound where both are one.
  mutating func uniform(_ range: ClosedRange<Double>) -> Double {
    let share = unit()
    return range.lowerBound + (range.upperBound - range.lowerBound) * share
  }

  /// One of 0, …, `count` - 1.
  mutating func index(below count: Int) -> Int { min(Int(unit() * Double(count)), count - 1) }

  /// Whether something of that probability happens.
  mutating func happens(_ probability: Double) -> Bool { unit() < probability }

  /// A name's lot: 64-bit FNV-1a of its UTF-8, mixed with the seed.
  static func lot(of name: String, seed: UInt64) -> UInt64 {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in name.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    return mix(hash ^ mix(seed))
  }

  private static func mix(_ value: UInt64) -> UInt64 {
    var z = value &+ 0x9E37_79B9_7F4A_7C15
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

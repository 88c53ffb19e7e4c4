/// A seeded generator whose n-th number is a function of seed and n alone, so that NumPy computes a test's numbers in
/// one line.
///
/// Source: Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, OOPSLA 2014, figure 18.
public struct SplitMix64: RandomNumberGenerator, Sendable {
  private var state: UInt64

  public init(seed: UInt64) { state = seed }

  /// A generator whose seed is the name's 64-bit FNV-1a hash.
  public init(named name: String) { self.init(seed: SplitMix64.seed(of: name)) }

  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    return SplitMix64.mix(state)
  }

  /// A number in [0, 1) with 24 random bits, so that the conversion is exact.
  public mutating func unit() -> Float { Float(next() >> 40) * 0x1p-24 }

  /// A number in [`low`, `high`).
  public mutating func uniform(_ low: Float, _ high: Float) -> Float { low + (high - low) * unit() }

  /// An integer of the range.
  public mutating func integer(in range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &self) }

  /// That many numbers in [`low`, `high`).
  public mutating func floats(_ count: Int, in low: Float = -1, _ high: Float = 1) -> [Float] {
    (0..<count).map { _ in uniform(low, high) }
  }

  /// The `index`-th number of a seed, counted from 0.
  public static func number(at index: Int, seed: UInt64) -> UInt64 {
    mix(seed &+ 0x9E37_79B9_7F4A_7C15 &* (UInt64(truncatingIfNeeded: index) &+ 1))
  }

  /// 64-bit FNV-1a of the name's UTF-8.
  public static func seed(of name: String) -> UInt64 {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in name.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    return hash
  }

  private static func mix(_ value: UInt64) -> UInt64 {
    var z = value
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

import Tensors

/// Stateless random numbers: each is a function of its purpose, so that neither the order nor the thread changes it.
struct Draw {
  private var random: SeededRandom

  /// The numbers of one variant of one picture.
  init(seed: UInt64, picture: Int, variant: Int) {
    var key = SeededRandom.first(seed) ^ UInt64(truncatingIfNeeded: picture)
    key = SeededRandom.first(key) ^ UInt64(truncatingIfNeeded: variant)
    random = SeededRandom(SeededRandom.first(key))
    // The first number is the key's own neighbour.
    _ = random.next()
  }

  /// 64 random bits, a seed for other numbers.
  mutating func next() -> UInt64 { random.next() }

  /// In [0, 1), with 53 random bits.
  mutating func unit() -> Double { random.uniform() }

  /// A number in the range; its bound where both are equal.
  mutating func uniform(_ range: ClosedRange<Double>) -> Double {
    let share = unit()
    return range.lowerBound + (range.upperBound - range.lowerBound) * share
  }

  /// One of 0, …, `count` - 1.
  mutating func index(below count: Int) -> Int { min(Int(unit() * Double(count)), count - 1) }

  /// Whether an event of that probability happens.
  mutating func happens(_ probability: Double) -> Bool { unit() < probability }

  /// A name's lot among all seeds'.
  static func lot(of name: String, seed: UInt64) -> UInt64 {
    SeededRandom.first(SeededRandom.seed(of: name) ^ SeededRandom.first(seed))
  }
}

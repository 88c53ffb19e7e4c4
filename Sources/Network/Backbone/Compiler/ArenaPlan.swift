/// The layout of the arena: an offset for every value between steps.
///
/// Values that are never live at once may overlap.
struct ArenaPlan {
  private struct Block {
    var size: Int
    var steps: ClosedRange<Int>
    var offset = 0
  }

  private var values: [Int: Block] = [:]
  private var scratch: [Int: Block] = [:]
  /// The arena's bytes, once placed.
  private(set) var size = 0

  /// Offsets are multiples of a cache line.
  private static let grain = 64

  /// Records that a step reads or writes a value.
  ///
  /// - Parameter size: its bytes, where it is written.
  mutating func use(_ value: Int, at step: Int, size: Int = 0) {
    var block = values[value] ?? Block(size: 0, steps: step...step)
    block.size = max(block.size, ArenaPlan.rounded(size))
    block.steps = block.steps.lowerBound...step
    values[value] = block
  }

  /// Records the scratch bytes of a step.
  mutating func scratch(_ size: Int, at step: Int) {
    scratch[step] = Block(size: ArenaPlan.rounded(size), steps: step...step)
  }

  /// Excludes values that have memory of their own.
  mutating func forget(_ others: [Int]) {
    for value in others { values[value] = nil }
  }

  /// Places all values, the largest first, each at the lowest offset that no placed value live with it overlaps.
  ///
  /// - Complexity: O(values · values).
  mutating func place() {
    // Always in the order of their offsets.
    var placed: [Block] = []
    func lowest(_ block: Block) -> Int {
      var offset = 0
      for other in placed where other.steps.overlaps(block.steps) {
        if offset + block.size <= other.offset { break }
        offset = max(offset, other.offset + other.size)
      }
      return offset
    }
    // By size, then by age, so that the result does not depend on the order of a dictionary.
    func isBefore(_ a: Block, _ b: Block) -> Bool {
      (-a.size, a.steps.lowerBound, a.steps.upperBound) < (-b.size, b.steps.lowerBound, b.steps.upperBound)
    }
    let all =
      values.map { (key: Key.value($0.key), block: $0.value) }
      + scratch.map { (key: Key.scratch($0.key), block: $0.value) }
    for (key, block) in all.sorted(by: { isBefore($0.block, $1.block) }) {
      var block = block
      block.offset = lowest(block)
      placed.insert(block, at: placed.firstIndex { $0.offset >= block.offset } ?? placed.count)
      size = max(size, block.offset + block.size)
      switch key {
      case .value(let value): values[value] = block
      case .scratch(let step): scratch[step] = block
      }
    }
  }

  /// The byte offset of a value.
  func offset(of value: Int) -> Int { values[value]!.offset }
  func scratchOffset(at step: Int) -> Int { scratch[step]!.offset }

  private enum Key {
    case value(Int)
    case scratch(Int)
  }

  private static func rounded(_ size: Int) -> Int { (size + grain - 1) / grain * grain }
}

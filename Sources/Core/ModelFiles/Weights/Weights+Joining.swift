import Tensors

extension Weights {
  /// These tensors with some of another's for missing names; nothing is copied.
  package func joined(with base: Weights, tensors: [String]) -> Weights {
    Weights(source: source, first: self, second: base, tensors: Set(tensors))
  }

  /// These tensors with another's for all missing names; nothing is copied.
  public func filled(from other: Weights) -> Weights { joined(with: other, tensors: Array(other.entries.keys)) }

  /// A copy of some tensors, which must have exactly those shapes.
  ///
  /// - Throws: `WeightsError.missing` or `.wrongShape`.
  package func copy(of tensors: [(name: String, shape: [Int])]) throws(WeightsError) -> Weights {
    var copies: [String: (shape: [Int], values: [Float])] = [:]
    for (name, shape) in tensors { copies[name] = (shape, try values(name, shape: shape)) }
    return Weights(source: source, tensors: copies)
  }

  /// Whether both have a tensor of that name with the same bits.
  ///
  /// - Complexity: O(elements), or O(1) where both have the tensor at the same address.
  package func isSame(as other: Weights, tensor name: String) -> Bool {
    guard let entry = entries[name], let second = other.entries[name], entry.shape == second.shape else { return false }
    // A head and its base share memory, so equal addresses need no comparison of elements.
    if entry.precision == second.precision, let address = address(of: name), address == other.address(of: name) {
      return true
    }
    return withValues(name) { a in
      other.withValues(name) { b in
        var difference: UInt32 = 0
        for i in a.indices { difference |= a[i].bitPattern ^ b[i].bitPattern }
        return difference == 0
      }
    }
  }

  /// A hexadecimal checksum of some tensors' names and fp32 bits, which identifies the base of a head.
  ///
  /// Two sums modulo 2^64, of the words and of the words times their place: it detects different weights, not
  /// forgeries. Values stored as fp16 count as the fp32 values that they are widened to.
  /// - Parameter precision: the format that the values are rounded to before the sum.
  /// - Complexity: O(elements).
  package func checksum(of names: [String], storedAs precision: WeightPrecision = .fp32) -> String {
    var (sum, weighted, place): (UInt64, UInt64, UInt64) = (0, 0, 1)
    for name in names.sorted() {
      for byte in name.utf8 {
        sum &+= UInt64(byte)
        weighted &+= UInt64(byte) &* place
        place &+= 1
      }
      guard contains(name) else { continue }
      withValues(name) { values in
        for i in values.indices {
          let word = UInt64(precision.stored(values[i]).bitPattern)
          sum &+= word
          weighted &+= word &* (place &+ UInt64(truncatingIfNeeded: i))
        }
        place &+= UInt64(truncatingIfNeeded: values.count)
      }
    }
    func hex(_ value: UInt64) -> String {
      let digits = String(value, radix: 16)
      return String(repeating: "0", count: 16 - digits.count) + digits
    }
    return hex(sum) + hex(weighted)
  }
}

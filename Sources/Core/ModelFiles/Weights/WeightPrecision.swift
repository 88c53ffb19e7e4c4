/// The storage format of a tensor's elements.
///
/// Values are read and computed with as fp32, whatever the format.
public enum WeightPrecision: String, Hashable, Sendable, CaseIterable {
  /// IEEE 754 single precision, 4 bytes.
  case fp32
  /// IEEE 754 half precision, 2 bytes; the greatest magnitude is 65,504.
  case fp16

  /// Bytes of one value.
  public var size: Int { elementType.size }

  /// The format's name in a safetensors file.
  package var elementType: Safetensors.ElementType {
    switch self {
    case .fp32: .float32
    case .fp16: .float16
    }
  }

  /// The format of that name in a safetensors file; `nil` for a format that weights don't have.
  package init?(_ type: Safetensors.ElementType) {
    guard let own = WeightPrecision.allCases.first(where: { $0.elementType == type }) else { return nil }
    self = own
  }

  /// A value after rounding to this format.
  @inline(__always) func stored(_ value: Float) -> Float {
    switch self {
    case .fp32: value
    case .fp16: HalfPrecision.widened(HalfPrecision.rounded(value))
    }
  }
}

/// The rounding error of weights in a smaller storage format.
public struct RoundingLoss: Hashable, Sendable {
  /// The largest `|stored - value| / |value|` of the values in the format's normal range: fp16 from 2^-14 on.
  public internal(set) var largestRelative: Float = 0
  /// The tensor with that value.
  public internal(set) var tensor: String?
  /// The number of smaller values, which are rounded to multiples of 2^-24.
  public internal(set) var small = 0
  /// The number of these that become zero.
  public internal(set) var zeroed = 0
}

extension Weights {
  /// The rounding error of all tensors in that format.
  ///
  /// - Complexity: O(elements).
  public func rounding(to precision: WeightPrecision) -> RoundingLoss {
    var loss = RoundingLoss()
    guard precision == .fp16 else { return loss }
    for name in entries.keys.sorted() {
      withValues(name) { values in
        for i in values.indices where values[i] != 0 {
          let stored = precision.stored(values[i])
          if values[i].magnitude < HalfPrecision.leastNormal {
            loss.small += 1
            if stored == 0 { loss.zeroed += 1 }
          } else {
            let difference = abs(stored - values[i]) / values[i].magnitude
            if difference > loss.largestRelative { (loss.largestRelative, loss.tensor) = (difference, name) }
          }
        }
      }
    }
    return loss
  }
}

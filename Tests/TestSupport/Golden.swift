#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Outputs of other programs, recorded by the generators in `Tests/Golden` and committed beside them.
public enum Golden {
  /// The folder of the goldens.
  public static var folder: String { TestData.packageRoot + "/Tests/Golden" }

  /// The bytes of a golden.
  public static func bytes(_ name: String) throws -> [UInt8] {
    Array(try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(name)")))
  }

  /// A golden in JSON.
  public static func load<T: Decodable>(_ name: String, as type: T.Type = T.self) throws -> T {
    try JSONDecoder().decode(type, from: Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(name)")))
  }
}

/// A tensor's golden: its shape, its moments, and values at positions that both sides compute.
public struct TensorGolden: Decodable, Sendable {
  public let name: String
  /// Height, width, channels.
  public let shape: [Int]
  public let mean: Float
  public let deviation: Float
  /// The largest magnitude.
  public let peak: Float
  /// Values at `positions()`.
  public let samples: [Float]

  /// The positions of the samples, as indices into the row-major tensor.
  public func positions() -> [Int] {
    let count = shape.reduce(1, *)
    let seed = SplitMix64.seed(of: name)
    return samples.indices.map { Int(SplitMix64.number(at: $0, seed: seed) % UInt64(count)) }
  }

  /// Compares the samples of a tensor in the same order; the floor is a fraction of the golden's peak.
  public func compare(_ values: [Float], floor share: Float = 0.01) -> Comparison {
    guard values.count == shape.reduce(1, *) else {
      return Comparison(name, found: [], expected: samples, floor: 1)
    }
    return Comparison(
      name, found: positions().map { values[$0] }, expected: samples, floor: max(peak * share, .leastNormalMagnitude))
  }

  /// The mean, standard deviation and peak of a tensor, to compare with the golden's.
  public static func moments(_ values: [Float]) -> (mean: Float, deviation: Float, peak: Float) {
    var sum = 0.0
    var squares = 0.0
    var peak: Float = 0
    for value in values {
      sum += Double(value)
      squares += Double(value) * Double(value)
      peak = max(peak, abs(value))
    }
    let mean = sum / Double(values.count)
    return (Float(mean), Float(max(squares / Double(values.count) - mean * mean, 0).squareRoot()), peak)
  }
}

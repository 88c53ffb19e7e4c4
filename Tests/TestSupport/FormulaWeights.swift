/// A checkpoint whose values are a formula of the tensors' names, so that a golden needs no stored weights.
///
/// `Tests/Golden/generate_pytorch.py` has the same formula.
public struct FormulaWeights: Sendable {
  /// An fp32 tensor.
  public struct Tensor: Decodable, Sendable {
    public let name: String
    /// The shape in PyTorch's order: outputs first.
    public let shape: [Int]

    public init(name: String, shape: [Int]) {
      self.name = name
      self.shape = shape
    }

    /// The values: a uniform range by the number of inputs for weights; variance and scale of batch norm are away from
    /// 0.
    public func values() -> [Float] {
      var generator = SplitMix64(named: name)
      let count = shape.reduce(1, *)
      if shape.count > 1 {
        let inputs = shape.dropFirst().reduce(1, *)
        let bound = Float((Double(shape.count == 4 ? 3.5 : 3) / Double(inputs)).squareRoot())
        return (0..<count).map { _ in (generator.unit() * 2 - 1) * bound }
      }
      if name.hasSuffix("running_var") { return (0..<count).map { _ in generator.unit() + 0.5 } }
      if name.hasSuffix("weight") { return (0..<count).map { _ in generator.unit() * 0.8 + 0.6 } }
      return (0..<count).map { _ in (generator.unit() * 2 - 1) * 0.3 }
    }
  }

  public let tensors: [Tensor]
  /// The names of 64-bit counters, which PyTorch saves beside batch norm.
  public let counters: [String]

  public init(tensors: [Tensor], counters: [String]) {
    self.tensors = tensors
    self.counters = counters
  }

  /// The bytes of a safetensors file, with counters first, since the format's own writer sorts by width.
  public func safetensors() -> [UInt8] {
    var entries = [#""__metadata__":{"format":"pt"}"#]
    var values: [UInt8] = []
    for name in counters {
      entries.append(#""\#(name)":{"dtype":"I64","shape":[],"data_offsets":[\#(values.count),\#(values.count + 8)]}"#)
      values += [UInt8](repeating: 0, count: 8)
    }
    for tensor in tensors {
      let numbers = tensor.values()
      let end = values.count + numbers.count * 4
      entries.append(
        #""\#(tensor.name)":{"dtype":"F32","shape":\#(tensor.shape),"data_offsets":[\#(values.count),\#(end)]}"#)
      for number in numbers {
        let bits = number.bitPattern
        values.append(UInt8(truncatingIfNeeded: bits))
        values.append(UInt8(truncatingIfNeeded: bits >> 8))
        values.append(UInt8(truncatingIfNeeded: bits >> 16))
        values.append(UInt8(truncatingIfNeeded: bits >> 24))
      }
    }
    var header = Array("{\(entries.joined(separator: ","))}".utf8)
    header += [UInt8](repeating: 0x20, count: (8 - header.count % 8) % 8)
    return (0..<8).map { UInt8(truncatingIfNeeded: header.count >> ($0 * 8)) } + header + values
  }
}

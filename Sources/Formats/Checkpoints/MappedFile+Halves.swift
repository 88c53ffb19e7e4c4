import Files
import ModelFiles

extension MappedFile {
  /// `count` IEEE half-precision values from byte `offset` on, or `nil` if they are not all inside the file.
  func halves(at offset: Int, count: Int) -> [Float]? {
    words(at: offset, count: count)?.map(HalfPrecision.widened)
  }

  /// `count` bfloat16 values from byte `offset` on, or `nil` if they are not all inside the file.
  func bfloats(at offset: Int, count: Int) -> [Float]? {
    // A bfloat16 number is the upper half of an fp32 number.
    words(at: offset, count: count)?.map { Float(bitPattern: UInt32($0) << 16) }
  }

  private func words(at offset: Int, count: Int) -> [UInt16]? {
    guard count >= 0, count <= self.count / 2, let bytes = array(at: offset, count: count * 2) else { return nil }
    return (0..<count).map { UInt16(bytes[2 * $0]) | UInt16(bytes[2 * $0 + 1]) << 8 }
  }
}

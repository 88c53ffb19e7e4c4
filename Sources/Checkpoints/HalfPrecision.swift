import Files

extension MappedFile {
  /// `count` IEEE half-precision values from byte `offset` on, or `nil` where they would leave the file.
  func halves(at offset: Int, count: Int) -> [Float]? {
    words(at: offset, count: count)?.map(Float.init(halfBits:))
  }

  /// `count` bfloat16 values from byte `offset` on, or `nil` where they would leave the file.
  func bfloats(at offset: Int, count: Int) -> [Float]? {
    // The upper half of an fp32 number.
    words(at: offset, count: count)?.map { Float(bitPattern: UInt32($0) << 16) }
  }

  private func words(at offset: Int, count: Int) -> [UInt16]? {
    guard count >= 0, count <= self.count / 2, let bytes = array(at: offset, count: count * 2) else { return nil }
    return (0..<count).map { UInt16(bytes[2 * $0]) | UInt16(bytes[2 * $0 + 1]) << 8 }
  }
}

extension Float {
  /// The value of an IEEE half-precision number: one sign bit, five of exponent, ten of fraction.
  ///
  /// Written out because the type itself does not exist on every platform.
  init(halfBits bits: UInt16) {
    let sign: Float = bits & 0x8000 == 0 ? 1 : -1
    let exponent = Int(bits >> 10 & 0x1f)
    let fraction = Float(bits & 0x3ff)
    switch exponent {
    case 0: self = sign * fraction * 0x1p-24
    case 31: self = fraction == 0 ? sign * .infinity : .nan
    default: self = sign * (1024 + fraction) * Float(sign: .plus, exponent: exponent - 25, significand: 1)
    }
  }
}

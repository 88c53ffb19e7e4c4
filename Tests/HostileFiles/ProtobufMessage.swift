/// A protobuf message under construction, with fields in the order in which they are added.
struct Message {
  private(set) var bytes: [UInt8] = []

  static func varint(_ value: Int) -> [UInt8] {
    var (value, bytes) = (UInt64(bitPattern: Int64(value)), [UInt8]())
    while value >= 0x80 {
      bytes.append(UInt8(value & 0x7f) | 0x80)
      value >>= 7
    }
    return bytes + [UInt8(value)]
  }

  func with(_ field: Int, _ value: Int) -> Message { adding(Message.varint(field << 3) + Message.varint(value)) }
  func with(_ field: Int, _ inner: [UInt8]) -> Message {
    adding(Message.varint(field << 3 | 2) + Message.varint(inner.count) + inner)
  }
  func with(_ field: Int, _ inner: Message) -> Message { with(field, inner.bytes) }
  func with(_ field: Int, _ text: String) -> Message { with(field, Array(text.utf8)) }
  func with(_ field: Int, number: Float) -> Message {
    adding(Message.varint(field << 3 | 5) + NetworkSeeds.little(number.bitPattern, 4))
  }

  private func adding(_ more: [UInt8]) -> Message {
    var result = self
    result.bytes += more
    return result
  }
}

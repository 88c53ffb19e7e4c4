/// A writer of FlatBuffers for tests: tables first, then the data that they refer to.
struct FlatBufferBuilder {
  /// A field of a table.
  indirect enum Value {
    case int8(Int8)
    case int32(Int32)
    case uint64(UInt64)
    case table([Int: Value])
    case tables([[Int: Value]])
    case integers([Int])
    case bytes([UInt8])
  }

  private(set) var bytes: [UInt8] = []

  /// A file with that root table and identifier.
  static func file(_ root: [Int: Value], identifier: String = "TFL3") -> [UInt8] {
    var builder = FlatBufferBuilder()
    builder.append(UInt32(0))
    builder.bytes += Array(identifier.utf8)
    let position = builder.table(root)
    builder.patch(0, position)
    return builder.bytes
  }

  private mutating func append<T: FixedWidthInteger>(_ value: T) {
    for i in 0..<MemoryLayout<T>.size { bytes.append(UInt8(truncatingIfNeeded: value >> (8 * T(i)))) }
  }

  /// Makes the reference at `place` point to `target`.
  private mutating func patch(_ place: Int, _ target: Int) {
    let distance = UInt32(target - place)
    for i in 0..<4 { bytes[place + i] = UInt8(truncatingIfNeeded: distance >> (8 * UInt32(i))) }
  }

  private mutating func align(_ size: Int) { while bytes.count % size != 0 { bytes.append(0) } }

  private mutating func table(_ fields: [Int: Value]) -> Int {
    align(8)
    let count = (fields.keys.max() ?? -1) + 1
    let layout = bytes.count
    // Every field takes eight bytes, which keeps the layout simple.
    append(UInt16(4 + 2 * count))
    append(UInt16(8 + 8 * count))
    for field in 0..<count { append(UInt16(fields[field] == nil ? 0 : 8 + 8 * field)) }
    align(8)
    let position = bytes.count
    append(Int32(position - layout))
    append(UInt32(0))
    for field in 0..<count {
      switch fields[field] {
      case .int8(let value): append(UInt64(UInt8(bitPattern: value)))
      case .int32(let value): append(UInt64(UInt32(bitPattern: value)))
      case .uint64(let value): append(value)
      default: append(UInt64(0))
      }
    }
    for field in 0..<count {
      let place = position + 8 + 8 * field
      switch fields[field] {
      case .table(let fields): patch(place, table(fields))
      case .tables(let list):
        align(4)
        patch(place, bytes.count)
        append(UInt32(list.count))
        let places = list.map { _ in
          append(UInt32(0))
          return bytes.count - 4
        }
        for (place, fields) in zip(places, list) { patch(place, table(fields)) }
      case .integers(let list):
        align(4)
        patch(place, bytes.count)
        append(UInt32(list.count))
        for value in list { append(Int32(truncatingIfNeeded: value)) }
      case .bytes(let list):
        align(4)
        patch(place, bytes.count)
        append(UInt32(list.count))
        bytes += list
      default: break
      }
    }
    return position
  }
}

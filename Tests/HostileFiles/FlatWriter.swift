/// A writer of TensorFlow Lite models: tables first, then the data that they refer to.
struct FlatWriter {
  indirect enum Value {
    case int8(Int)
    case int32(Int)
    case table([Int: Value])
    case tables([[Int: Value]])
    case integers([Int])
    case bytes([UInt8])
  }

  private var tensors: [[Int: Value]] = []
  private var buffers: [[Int: Value]] = [[:]]
  private var operators: [(code: Int, fields: [Int: Value])] = []
  private var bytes: [UInt8] = []

  /// - Parameter type: the schema's number, 0 for fp32 and 2 for 32-bit integers.
  /// - Returns: the tensor's index.
  mutating func tensor(_ name: String, _ shape: [Int], _ data: [UInt8]? = nil, type: Int = 0) -> Int {
    if let data { buffers.append([0: .bytes(data)]) }
    tensors.append([
      0: .integers(shape), 1: .int8(type), 2: .int32(data == nil ? 0 : buffers.count - 1), 3: .bytes(Array(name.utf8)),
    ])
    return tensors.count - 1
  }

  mutating func node(_ code: Int, _ inputs: [Int], _ outputs: [Int], _ options: [Int: Value]) {
    operators.append((code, [1: .integers(inputs), 2: .integers(outputs), 4: .table(options)]))
  }

  /// Completes the file.
  ///
  /// - Returns: the file, and the range before its weights.
  mutating func file(inputs: [Int], outputs: [Int]) -> ([UInt8], focus: Range<Int>) {
    let codes = Array(Set(operators.map(\.code))).sorted()
    let nodes = operators.map { node in
      node.fields.merging([0: .int32(codes.firstIndex(of: node.code)!)]) { $1 }
    }
    let root: [Int: Value] = [
      0: .int32(3), 1: .tables(codes.map { [0: .int8($0), 3: .int32($0)] }),
      2: .tables([[0: .tables(tensors), 1: .integers(inputs), 2: .integers(outputs), 3: .tables(nodes)]]),
      4: .tables(buffers),
    ]
    bytes = [0, 0, 0, 0] + Array("TFL3".utf8)
    let position = table(root)
    patch(0, position)
    let weights = buffers.reduce(0) { sum, fields in
      if case .bytes(let data)? = fields[0] { sum + data.count } else { sum }
    }
    return (bytes, 0..<min(bytes.count - weights, bytes.count) + 1024)
  }

  private mutating func patch(_ place: Int, _ target: Int) {
    for (i, byte) in NetworkSeeds.little(UInt32(target - place), 4).enumerated() { bytes[place + i] = byte }
  }

  private mutating func align(_ size: Int) { while bytes.count % size != 0 { bytes.append(0) } }

  private mutating func table(_ fields: [Int: Value]) -> Int {
    align(4)
    let count = (fields.keys.max() ?? -1) + 1
    let layout = bytes.count
    bytes += NetworkSeeds.little(UInt16(4 + 2 * count), 2) + NetworkSeeds.little(UInt16(4 + 4 * count), 2)
    for field in 0..<count { bytes += NetworkSeeds.little(UInt16(fields[field] == nil ? 0 : 4 + 4 * field), 2) }
    align(4)
    let position = bytes.count
    bytes += NetworkSeeds.little(Int32(position - layout), 4)
    for field in 0..<count {
      switch fields[field] {
      case .int8(let value), .int32(let value): bytes += NetworkSeeds.little(Int32(value), 4)
      default: bytes += [0, 0, 0, 0]
      }
    }
    for field in 0..<count {
      let place = position + 4 + 4 * field
      switch fields[field] {
      case .table(let fields): patch(place, table(fields))
      case .tables(let list):
        let first = vector(list.count, at: place)
        bytes += [UInt8](repeating: 0, count: 4 * list.count)
        for (i, fields) in list.enumerated() { patch(first + 4 * i, table(fields)) }
      case .integers(let list):
        _ = vector(list.count, at: place)
        for value in list { bytes += NetworkSeeds.little(Int32(value), 4) }
      case .bytes(let list):
        _ = vector(list.count, at: place)
        bytes += list
      default: break
      }
    }
    return position
  }

  /// Begins a vector for the reference at `place`.
  ///
  /// - Returns: the position of its first element.
  private mutating func vector(_ count: Int, at place: Int) -> Int {
    align(4)
    patch(place, bytes.count)
    bytes += NetworkSeeds.little(UInt32(count), 4)
    return bytes.count
  }
}

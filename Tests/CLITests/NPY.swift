import Testing

/// An array file of format 1.0, parsed by the format's description alone.
struct NPY {
  let shape: [Int]
  let values: [Float]

  init(_ bytes: [UInt8]) throws {
    try #require(bytes.starts(with: [0x93] + Array("NUMPY".utf8) + [1, 0]))
    let length = Int(bytes[8]) | Int(bytes[9]) << 8
    #expect((10 + length) % 64 == 0 && bytes[9 + length] == UInt8(ascii: "\n"))
    let header = String(decoding: bytes[10..<10 + length], as: UTF8.self)
    #expect(header.hasPrefix("{'descr': '<f4', 'fortran_order': False, 'shape': ("))
    let inner = header.split(separator: "(")[1].split(separator: ")")[0]
    shape = inner.split(separator: ",").compactMap { Int($0.filter(\.isNumber)) }
    let data = bytes[(10 + length)...]
    try #require(data.count == shape.reduce(4, *))
    values = stride(from: data.startIndex, to: data.endIndex, by: 4).map { i in
      Float(bitPattern: (0..<4).reduce(0) { $0 | UInt32(data[i + $1]) << UInt32(8 * $1) })
    }
  }
}

import Files

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension Safetensors {
  /// One tensor of a file to be written.
  package struct Declaration: Hashable, Sendable {
    package let name: String
    package let type: ElementType
    package let shape: [Int]

    package init(name: String, type: ElementType, shape: [Int]) {
      self.name = name
      self.type = type
      self.shape = shape
    }

    /// Bytes.
    package var size: Int { shape.reduce(type.size, *) }
  }

  /// The length and the JSON of a file's header, padded with spaces so that the values begin at a multiple of 64 bytes.
  ///
  /// The tensors' bytes follow it in the order given, without holes.
  /// - Throws: `ModelFileError.limit` when the header would exceed the readers' limit.
  package static func header(
    metadata: [String: String], tensors: [Declaration], path: String
  ) throws(ModelFileError) -> [UInt8] {
    struct Tensor: Encodable {
      let dtype: String
      let shape: [Int]
      let data_offsets: [Int]
    }
    struct Header: Encodable {
      let metadata: [String: String]
      let tensors: [String: Tensor]

      struct Key: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
      }

      func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(metadata, forKey: Key(stringValue: "__metadata__"))
        for (name, tensor) in tensors { try container.encode(tensor, forKey: Key(stringValue: name)) }
      }
    }
    var table: [String: Tensor] = [:]
    var offset = 0
    for one in tensors {
      table[one.name] = Tensor(dtype: one.type.rawValue, shape: one.shape, data_offsets: [offset, offset + one.size])
      offset += one.size
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let json: [UInt8]
    do { json = Array(try encoder.encode(Header(metadata: metadata, tensors: table))) } catch {
      throw .card(path: path, reason: "the header cannot be written as JSON: \(error)")
    }
    let padded = json + [UInt8](repeating: 0x20, count: (64 - (8 + json.count) % 64) % 64)
    // A written file must be readable with the standard limits.
    if let excess = Limits.standard.excess(.headerBytes, padded.count) { throw .limit(path: path, offset: 0, excess) }
    return (0..<8).map { UInt8(truncatingIfNeeded: padded.count >> ($0 * 8)) } + padded
  }
}

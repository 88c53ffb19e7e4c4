import Files

/// The checked header of a safetensors file.
///
/// The file is a little-endian 64-bit length, a JSON object of that length, and the values without holes. Everything
/// that the format leaves open is refused: duplicate keys, unknown keys, holes, overlaps, bytes after the last tensor.
/// Source: the format's description in the safetensors project's README.
package struct Safetensors: Equatable {
  /// The element types of the format.
  package enum ElementType: String, Sendable, CaseIterable {
    case bool = "BOOL"
    case uint8 = "U8"
    case int8 = "I8"
    case float8e5m2 = "F8_E5M2"
    case float8e4m3 = "F8_E4M3"
    case int16 = "I16"
    case uint16 = "U16"
    case float16 = "F16"
    case bfloat16 = "BF16"
    case int32 = "I32"
    case uint32 = "U32"
    case float32 = "F32"
    case float64 = "F64"
    case int64 = "I64"
    case uint64 = "U64"

    /// Bytes of one value.
    package var size: Int {
      switch self {
      case .bool, .uint8, .int8, .float8e5m2, .float8e4m3: 1
      case .int16, .uint16, .float16, .bfloat16: 2
      case .int32, .uint32, .float32: 4
      case .float64, .int64, .uint64: 8
      }
    }
  }

  /// One tensor's type and place.
  package struct Entry: Equatable {
    package let type: ElementType
    package let shape: [Int]
    /// Bytes from the beginning of the file.
    package let begin, end: Int

    /// Elements.
    package var count: Int { (end - begin) / type.size }
  }

  package let tensors: [String: Entry]
  /// The strings of `__metadata__`.
  package let metadata: [String: String]
  /// The byte offset of the values in the file.
  package let dataOffset: Int

  /// Reads and checks the header of a file.
  ///
  /// - Throws: `ModelFileError.malformed`, `.limit`, or `.tensor` where one tensor is at fault.
  package init(_ file: MappedFile, _ limits: Limits = .standard) throws(ModelFileError) {
    let path = file.path
    guard let length = file.integer(at: 0, as: UInt64.self) else {
      throw .malformed(path: path, offset: file.count, reason: "has \(file.count) bytes, expected at least 8")
    }
    // A file of another format most likely fails here.
    guard length <= UInt64(file.count - 8) else {
      throw .malformed(path: path, offset: 0, reason: "announces a header of \(length) bytes, has \(file.count - 8)")
    }
    if let excess = limits.excess(.headerBytes, Int(length)) { throw .limit(path: path, offset: 0, excess) }
    let text = file.array(at: 8, count: Int(length)) ?? []
    guard text.first == UInt8(ascii: "{") else {
      throw .malformed(path: path, offset: 8, reason: "has no JSON object where the header should be")
    }
    let header: StrictJSON
    // A tensor is at most 14 values, two offsets and eight extents among them; the metadata have some too.
    let values = min(limits.tensors, Int.max / 32) * 16 + 1000
    do { header = try StrictJSON.parse(text, depth: 4, values: values) } catch {
      if error.isTooLong { throw .limit(path: path, offset: 8 + error.offset, limits.tooMany(.tensors)) }
      throw .malformed(path: path, offset: 8 + error.offset, reason: error.reason)
    }
    guard case .object(let members) = header else {
      throw .malformed(path: path, offset: 8, reason: "has no JSON object where the header should be")
    }
    let dataOffset = 8 + Int(length)
    var tensors: [String: Entry] = [:]
    var metadata: [String: String] = [:]
    if let excess = limits.excess(.tensors, members.count { $0.key != "__metadata__" }) {
      throw .limit(path: path, offset: 8, excess)
    }
    for member in members {
      if member.key == "__metadata__" {
        metadata = try Safetensors.metadata(member.value, path: path)
      } else {
        tensors[member.key] = try Safetensors.entry(member, dataOffset: dataOffset, fileSize: file.count, path: path)
      }
    }
    try Safetensors.checkCoverage(tensors, from: dataOffset, to: file.count, path: path)
    self.tensors = tensors
    self.metadata = metadata
    self.dataOffset = dataOffset
  }

  private static func metadata(_ value: StrictJSON, path: String) throws(ModelFileError) -> [String: String] {
    guard case .object(let members) = value else {
      throw .malformed(path: path, offset: 8, reason: "__metadata__ is no object")
    }
    var metadata: [String: String] = [:]
    for member in members {
      guard case .string(let text) = member.value else {
        throw .malformed(path: path, offset: 8, reason: "the metadata \"\(member.key)\" is no string")
      }
      metadata[member.key] = text
    }
    return metadata
  }

  private static func entry(
    _ member: StrictJSON.Member, dataOffset: Int, fileSize: Int, path: String
  ) throws(ModelFileError) -> Entry {
    func fault(_ reason: String) -> ModelFileError { .tensor(path: path, name: member.key, reason: reason) }
    guard case .object(let fields) = member.value, Set(fields.map(\.key)) == ["dtype", "shape", "data_offsets"] else {
      throw fault("needs exactly the keys dtype, shape and data_offsets")
    }
    guard case .string(let typeName) = member.value["dtype"], let type = ElementType(rawValue: typeName) else {
      throw fault("has an unknown dtype")
    }
    guard case .array(let extents) = member.value["shape"], extents.count <= 8 else {
      throw fault("has a shape that is no list of at most 8 numbers")
    }
    var shape: [Int] = []
    var size = type.size
    for extent in extents {
      guard case .integer(let extent) = extent, extent >= 0 else { throw fault("has a negative or broken extent") }
      shape.append(extent)
      let (product, overflow) = size.multipliedReportingOverflow(by: extent)
      guard !overflow else { throw fault("has a shape whose size overflows") }
      size = product
    }
    guard case .array(let offsets) = member.value["data_offsets"], offsets.count == 2,
      case .integer(let begin) = offsets[0], case .integer(let end) = offsets[1], begin >= 0, begin <= end,
      end <= fileSize - dataOffset
    else {
      throw fault("has data_offsets outside the values, which reach from byte \(dataOffset) to byte \(fileSize)")
    }
    guard end - begin == size else {
      throw fault("has \(end - begin) bytes, expected \(size) for \(typeName) \(shape)")
    }
    return Entry(type: type, shape: shape, begin: dataOffset + begin, end: dataOffset + end)
  }

  private static func checkCoverage(
    _ tensors: [String: Entry], from start: Int, to end: Int, path: String
  ) throws(ModelFileError) {
    var covered = start
    let ordered = tensors.sorted { ($0.value.begin, $0.value.end, $0.key) < ($1.value.begin, $1.value.end, $1.key) }
    for (name, entry) in ordered {
      guard entry.begin == covered else {
        let what = entry.begin < covered ? "overlaps the tensor before it" : "leaves a hole before it"
        throw .tensor(path: path, name: name, reason: "\(what): begins at byte \(entry.begin), expected \(covered)")
      }
      covered = entry.end
    }
    guard covered == end else {
      throw .malformed(path: path, offset: covered, reason: "has \(end - covered) bytes after the last tensor")
    }
  }
}

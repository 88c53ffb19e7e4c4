import Files

/// A FlatBuffers file read by offsets, each checked against the file before it is followed.
///
/// There is no recursion over what the file says: the schema decides how deep the reader goes, and the number of tables
/// is limited, since any number of references may lead to the same bytes.
/// Source: the FlatBuffers project's description of its binary format.
final class FlatBuffer {
  let file: MappedFile
  let limits: Limits
  private var tables = 0

  init(_ file: MappedFile, _ limits: Limits) {
    self.file = file
    self.limits = limits
  }

  func fault(_ offset: Int, _ reason: String) -> CheckpointError {
    .malformed(path: file.path, offset: offset, reason: reason)
  }

  /// The number at a byte of the file.
  ///
  /// - Throws: `CheckpointError.malformed` for a number outside the file.
  func load<T: FixedWidthInteger & BitwiseCopyable>(_ offset: Int, as type: T.Type) throws(CheckpointError) -> T {
    guard let value = file.integer(at: offset, as: type) else { throw fault(offset, "a reference leaves the file") }
    return value
  }

  /// The target of the reference at a byte of the file.
  func follow(_ offset: Int) throws(CheckpointError) -> Int {
    let target = offset + Int(try load(offset, as: UInt32.self))
    guard target > offset, target < file.count else { throw fault(offset, "a reference leaves the file") }
    return target
  }

  /// The outermost table.
  func root() throws(CheckpointError) -> FlatTable { try table(at: follow(0)) }

  func table(at position: Int) throws(CheckpointError) -> FlatTable {
    tables += 1
    if let excess = limits.excess(.tensors, tables) { throw .limit(path: file.path, offset: position, excess) }
    let layout = position - Int(try load(position, as: Int32.self))
    let layoutSize = Int(try load(layout, as: UInt16.self))
    let size = Int(try load(layout + 2, as: UInt16.self))
    guard layout >= 0, layoutSize >= 4, layoutSize % 2 == 0, layoutSize <= file.count - layout, size >= 4,
      size <= file.count - position
    else { throw fault(position, "a table has a broken layout") }
    return FlatTable(buffer: self, position: position, size: size, layout: layout, fields: (layoutSize - 4) / 2)
  }
}

/// A table: fields by number, each of which may be absent.
struct FlatTable {
  let buffer: FlatBuffer
  let position: Int
  /// The size of the table itself in bytes.
  let size: Int
  /// The position of its fields' offsets, and their number.
  let layout: Int
  let fields: Int

  /// The position of a field of that many bytes in the file, or `nil` if it is absent.
  private func place(_ field: Int, bytes: Int) throws(CheckpointError) -> Int? {
    guard field < fields else { return nil }
    let offset = Int(try buffer.load(layout + 4 + 2 * field, as: UInt16.self))
    if offset == 0 { return nil }
    guard offset >= 4, offset <= size - bytes else { throw buffer.fault(position, "a field leaves its table") }
    return position + offset
  }

  func integer<T: FixedWidthInteger & BitwiseCopyable>(_ field: Int, _ absent: T) throws(CheckpointError) -> T {
    guard let place = try place(field, bytes: MemoryLayout<T>.size) else { return absent }
    return try buffer.load(place, as: T.self)
  }

  func table(_ field: Int) throws(CheckpointError) -> FlatTable? {
    guard let place = try place(field, bytes: 4) else { return nil }
    return try buffer.table(at: buffer.follow(place))
  }

  /// The first byte and length of a vector with elements of that many bytes; (0, 0) if it is absent.
  func vector(_ field: Int, elementSize: Int, limit: Int) throws(CheckpointError) -> (start: Int, count: Int) {
    guard let place = try place(field, bytes: 4) else { return (0, 0) }
    let target = try buffer.follow(place)
    let count = Int(try buffer.load(target, as: UInt32.self))
    guard count <= limit, count <= (buffer.file.count - target - 4) / elementSize else {
      throw buffer.fault(target, "a list of \(count) elements is too long")
    }
    return (target + 4, count)
  }

  func tables(_ field: Int) throws(CheckpointError) -> [FlatTable] {
    let (start, count) = try vector(field, elementSize: 4, limit: .max)
    if let excess = buffer.limits.excess(.tensors, count) {
      throw .limit(path: buffer.file.path, offset: start - 4, excess)
    }
    var result: [FlatTable] = []
    for i in 0..<count { result.append(try buffer.table(at: buffer.follow(start + 4 * i))) }
    return result
  }

  func integers(_ field: Int, limit: Int) throws(CheckpointError) -> [Int] {
    let (start, count) = try vector(field, elementSize: 4, limit: limit)
    var result: [Int] = []
    for i in 0..<count { result.append(Int(try buffer.load(start + 4 * i, as: Int32.self))) }
    return result
  }

  /// A text; invalid UTF-8 is replaced, since names are only shown.
  func string(_ field: Int, limit: Int) throws(CheckpointError) -> String {
    let (start, count) = try vector(field, elementSize: 1, limit: limit)
    return String(decoding: buffer.file.array(at: start, count: count) ?? [], as: UTF8.self)
  }
}

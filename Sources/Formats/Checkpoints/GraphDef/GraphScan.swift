import Files

/// A serialised graph that was scanned before decoding: every field is inside its message, and their number is limited.
///
/// A field of two bytes becomes a string or a message of dozens in memory, so a small file could otherwise ask for a
/// large part of a machine. How deep the walk goes is up to the schema, not to the file.
struct GraphScan {
  let file: MappedFile
  let limits: Limits
  /// Whether the last node is the end of the file; TensorFlow writes a library or a version behind it.
  private(set) var endsWithNode = false
  private var nodes = 0
  private var fields = 0

  /// - Throws: `CheckpointError.malformed` or `.limit`, with the offset.
  init(_ file: MappedFile, _ limits: Limits) throws(CheckpointError) {
    self.file = file
    self.limits = limits
    // The outermost fields come first: a truncated file is refused here, before anything inside is read.
    try walk(.graph, 0..<file.count, goesDeeper: false)
    guard nodes > 0 else { throw fault(0) }
    fields = 0
    try walk(.graph, 0..<file.count, goesDeeper: true)
  }

  /// The decoded messages.
  private enum Message {
    case attribute, dimension, entry, graph, list, node, shape, tensor
    /// A packed list of integers, without tags.
    case integers

    func inside(_ field: UInt64) -> Message? {
      switch (self, field) {
      case (.graph, 1): .node
      case (.node, 5): .entry
      case (.entry, 2): .attribute
      case (.attribute, 1): .list
      case (.attribute, 7), (.tensor, 2): .shape
      case (.attribute, 8): .tensor
      case (.shape, 2): .dimension
      case (.list, 3), (.tensor, 7): .integers
      default: nil
      }
    }
  }

  private func fault(_ offset: Int, _ reason: String = "is no serialised TensorFlow graph") -> CheckpointError {
    .malformed(path: file.path, offset: offset, reason: reason)
  }

  private mutating func count(_ more: Int, at offset: Int) throws(CheckpointError) {
    fields += more
    if let excess = limits.excess(.fields, fields) { throw .limit(path: file.path, offset: offset, excess) }
  }

  private mutating func walk(
    _ message: Message, _ range: Range<Int>, goesDeeper: Bool
  ) throws(CheckpointError) {
    var offset = range.lowerBound
    if message == .integers {
      while offset < range.upperBound {
        try count(1, at: offset)
        _ = try varint(&offset, range.upperBound)
      }
      return
    }
    while offset < range.upperBound {
      let start = offset
      try count(1, at: start)
      let tag = try varint(&offset, range.upperBound)
      let room = range.upperBound - offset
      if message == .graph { endsWithNode = tag >> 3 == 1 }
      switch tag & 7 {
      case 0: _ = try varint(&offset, range.upperBound)
      case 1 where room >= 8: offset += 8
      case 5 where room >= 4: offset += 4
      case 2:
        let length = try varint(&offset, range.upperBound)
        guard length <= UInt64(range.upperBound - offset) else {
          let what = message == .graph ? "the file, which ends at byte \(file.count)" : "its message"
          throw fault(start, "has a field that leaves \(what)")
        }
        let end = offset + Int(length)
        if message == .graph, tag >> 3 == 1 { nodes += 1 }
        if goesDeeper, let inner = message.inside(tag >> 3) { try walk(inner, offset..<end, goesDeeper: true) }
        offset = end
      case 1, 5: throw fault(start, "has a field that leaves the file, which ends at byte \(file.count)")
      default: throw fault(start)
      }
    }
  }

  private func varint(_ offset: inout Int, _ end: Int) throws(CheckpointError) -> UInt64 {
    var value: UInt64 = 0
    for shift in stride(from: UInt64(0), to: 70, by: 7) {
      guard offset < end, let byte = file.integer(at: offset, as: UInt8.self) else {
        throw fault(offset, "has a number that leaves its message, which ends at byte \(end)")
      }
      offset += 1
      value |= UInt64(byte & 0x7f) << shift
      if byte < 0x80 { return value }
    }
    throw fault(offset)
  }
}

/// Graphs truncated between two nodes, which are still valid by the format.
enum GraphEnding {
  /// Imports a graph.
  ///
  /// A graph that ends with a node must have all parts that an import needs.
  ///
  /// - Throws: `CheckpointError`.
  static func draft(_ file: MappedFile, _ limits: Limits) throws(CheckpointError) -> Draft {
    let scan = try GraphScan(file, limits)
    guard scan.endsWithNode else { return try GraphImport.draft(scan) }
    func cut(_ reason: String) -> CheckpointError {
      .malformed(path: file.path, offset: file.count, reason: "ends with a node, so it may be cut short: \(reason)")
    }
    let draft: Draft
    do throws(CheckpointError) { draft = try GraphImport.draft(scan) } catch {
      if case .malformed(_, .some, _) = error { throw error }
      let words = error.description
      throw cut(words.hasPrefix("\(file.path): ") ? String(words.dropFirst(file.path.count + 2)) : words)
    }
    if draft.detectionOutputs != nil {
      guard draft.detection.iouThreshold != nil, draft.detection.maximumDetections != nil else {
        throw cut("what follows the predictors is missing")
      }
    } else if draft.segmentationOutputs != nil {
      guard draft.segmentation.upsampling != nil else { throw cut("what follows the logits is missing") }
    } else if draft.classifierOutputs == nil {
      throw cut("it has neither a head nor anything else behind the backbone")
    }
    return draft
  }
}

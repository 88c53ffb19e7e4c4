import Files
import Tensors

/// A TensorFlow Lite model as data: tensors, and operators with the relevant options.
///
/// Source: field numbers and enumerations of TensorFlow Lite's schema, version 3.
struct TFLiteModel {
  /// The operators of the supported networks.
  enum Operation: Int32 {
    case add = 0
    case averagePool = 1
    case concatenation = 2
    case convolution = 3
    case depthwise = 4
    case dequantize = 6
    case fullyConnected = 9
    case reshape = 22
    case resizeBilinear = 23
    case softmax = 25
    case pad = 34
    case spaceToBatch = 37
    case batchToSpace = 38
    case mean = 40
    case squeeze = 43
    case argMax = 56
    /// The shape of a tensor; its values are not needed.
    case shape = 77
  }

  enum ElementType: Int8 {
    case float32 = 0
    case float16 = 1
    case int32 = 2
    case uint8 = 3
    case int64 = 4
    case int8 = 9
  }

  struct Tensor {
    let name: String
    let shape: [Int]
    /// `nil` for an unsupported type.
    let type: ElementType?
    /// The range of a constant's bytes in the file; empty for a computed tensor.
    let bytes: Range<Int>
    var isConstant: Bool { !bytes.isEmpty }
  }

  struct Operator {
    /// `nil` for an unsupported operator.
    let operation: Operation?
    /// The number in the schema, for messages.
    let code: Int32
    /// Indices of tensors; -1 for an omitted one.
    let inputs: [Int]
    let outputs: [Int]
    let options: FlatTable?
  }

  let file: MappedFile
  let tensors: [Tensor]
  let operators: [Operator]
  let inputs: [Int]
  let outputs: [Int]

  /// Reads the only subgraph of a file.
  ///
  /// - Throws: `CheckpointError.malformed` or `.unsupported`.
  init(_ file: MappedFile, _ limits: Limits) throws(CheckpointError) {
    self.file = file
    let buffer = FlatBuffer(file, limits)
    let root = try buffer.root()
    guard try root.integer(0, UInt32(0)) == 3 else {
      throw .unsupported(path: file.path, reason: "has another schema version of TensorFlow Lite than 3")
    }
    var codes: [Int32] = []
    for code in try root.tables(1) {
      // Old files have the number in a byte, new files in both fields.
      codes.append(max(Int32(try code.integer(0, Int8(0))), try code.integer(3, Int32(0))))
    }
    let graphs = try root.tables(2)
    guard graphs.count == 1 else {
      throw .unsupported(path: file.path, reason: "has \(graphs.count) subgraphs, expected one")
    }
    var buffers: [Range<Int>] = []
    for entry in try root.tables(4) {
      guard try entry.integer(1, UInt64(0)) <= 1 else {
        throw .unsupported(path: file.path, reason: "keeps its weights outside the model's table")
      }
      let (start, count) = try entry.vector(0, elementSize: 1, limit: file.count)
      buffers.append(start..<start + count)
    }
    var tensors: [Tensor] = []
    for table in try graphs[0].tables(0) { tensors.append(try TFLiteModel.tensor(table, buffers)) }
    var operators: [Operator] = []
    for table in try graphs[0].tables(3) {
      let index = Int(try table.integer(0, UInt32(0)))
      guard index < codes.count else { throw buffer.fault(table.position, "an operator has no code") }
      let node = Operator(
        operation: Operation(rawValue: codes[index]), code: codes[index], inputs: try table.integers(1, limit: 1024),
        outputs: try table.integers(2, limit: 1024), options: try table.table(4))
      guard (node.inputs + node.outputs).allSatisfy({ $0 >= -1 && $0 < tensors.count }) else {
        throw buffer.fault(table.position, "an operator uses a tensor that does not exist")
      }
      operators.append(node)
    }
    inputs = try graphs[0].integers(1, limit: 1024)
    outputs = try graphs[0].integers(2, limit: 1024)
    guard (inputs + outputs).allSatisfy({ tensors.indices.contains($0) }) else {
      throw buffer.fault(graphs[0].position, "the graph uses a tensor that does not exist")
    }
    self.tensors = tensors
    self.operators = operators
  }

  private static func tensor(_ table: FlatTable, _ buffers: [Range<Int>]) throws(CheckpointError) -> Tensor {
    // For messages only; anything longer is not a name.
    let name = String(try table.string(3, limit: 4096).prefix(200))
    let shape = try table.integers(0, limit: 8)
    guard shape.allSatisfy({ $0 > 0 }), Shape.elementCount(of: shape) != nil else {
      throw table.buffer.fault(table.position, "the tensor \(name) has the unusable shape \(shape)")
    }
    let index = Int(try table.integer(2, UInt32(0)))
    guard index < buffers.count else { throw table.buffer.fault(table.position, "the tensor \(name) has no buffer") }
    let type = ElementType(rawValue: try table.integer(1, Int8(0)))
    return Tensor(name: name, shape: shape, type: type, bytes: buffers[index])
  }

  /// A float constant's values.
  ///
  /// - Throws: `CheckpointError.malformed` if shape and bytes contradict each other.
  func floats(_ tensor: Tensor) throws(CheckpointError) -> [Float] {
    let count = Shape.elementCount(of: tensor.shape) ?? 0
    let size = tensor.type == .float16 ? 2 : 4
    guard tensor.bytes.count == count * size else {
      throw .malformed(
        path: file.path, offset: tensor.bytes.lowerBound,
        reason: "the tensor \(tensor.name) has \(tensor.bytes.count) bytes, expected \(count * size)")
    }
    let values: [Float]? =
      switch tensor.type {
      case .float32: file.floats(at: tensor.bytes.lowerBound, count: count)
      case .float16: file.halves(at: tensor.bytes.lowerBound, count: count)
      default: nil
      }
    guard let values else {
      throw .malformed(
        path: file.path, offset: tensor.bytes.lowerBound, reason: "the tensor \(tensor.name) holds no floats")
    }
    return values
  }

  /// A small constant of 32-bit integers, or `nil`.
  func integers(_ index: Int?) -> [Int]? {
    guard let index, index >= 0, tensors[index].type == .int32, tensors[index].isConstant else { return nil }
    let tensor = tensors[index]
    guard let count = Shape.elementCount(of: tensor.shape), count <= 64, tensor.bytes.count == count * 4 else {
      return nil
    }
    return (0..<count).compactMap { i in
      file.integer(at: tensor.bytes.lowerBound + 4 * i, as: Int32.self).map { Int($0) }
    }
  }
}

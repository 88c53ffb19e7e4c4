import Files
import SwiftProtobuf
import Tensors

/// A TensorFlow graph as data: its nodes, their consumers, and the constants.
///
/// Nothing of it is ever executed.
struct GraphFile {
  let path: String
  let nodes: [TFNode]
  private let index: [String: Int]
  /// The nodes that read a node's output, by the name of that node.
  private let readers: [String: [Int]]

  /// Decodes a serialised `GraphDef` after the scan.
  ///
  /// - Throws: `CheckpointError.malformed`.
  init(_ scan: GraphScan) throws(CheckpointError) {
    let file = scan.file
    path = file.path
    var options = BinaryDecodingOptions()
    options.messageDepthLimit = scan.limits.nesting
    options.discardUnknownFields = true
    do {
      let bytes = file.array(at: 0, count: file.count) ?? []
      nodes = try TFGraph(serializedBytes: bytes, options: options).nodes
    } catch { throw .malformed(path: path, offset: 0, reason: "is no serialised TensorFlow graph: \(error)") }
    var index: [String: Int] = [:]
    var readers: [String: [Int]] = [:]
    for (i, node) in nodes.enumerated() {
      guard index.updateValue(i, forKey: node.name) == nil else {
        throw .malformed(path: path, offset: nil, reason: "has two nodes with the name \(node.name)")
      }
      for input in Set(node.inputs.map(GraphFile.producer)) { readers[input, default: []].append(i) }
    }
    self.index = index
    self.readers = readers
  }

  /// The node's name in an input such as `^name` or `name:1`.
  static func producer(_ input: String) -> String {
    let name = input.utf8.first == UInt8(ascii: "^") ? input.dropFirst() : Substring(input)
    guard let colon = name.utf8.lastIndex(of: UInt8(ascii: ":")) else { return String(name) }
    return String(name[..<colon])
  }

  func node(_ name: String) -> TFNode? { index[name].map { nodes[$0] } }

  /// The node of an input, behind any identity nodes.
  func source(_ input: String) -> TFNode? {
    var name = GraphFile.producer(input)
    // The maximum length of a chain; a longer one is a cycle.
    for _ in 0..<32 {
      guard let node = node(name) else { return nil }
      guard ["Identity", "Enter", "StopGradient", "CheckNumerics"].contains(node.op), let next = node.inputs.first
      else {
        return node
      }
      name = GraphFile.producer(next)
    }
    return nil
  }

  /// The nodes that read a node's output, behind any identity nodes.
  func consumers(_ name: String) -> [TFNode] {
    var found: [TFNode] = []
    var open = [name]
    var seen: Set<String> = [name]
    while let current = open.popLast() {
      for i in readers[current] ?? [] {
        if nodes[i].op == "Identity" {
          if seen.insert(nodes[i].name).inserted { open.append(nodes[i].name) }
        } else {
          found.append(nodes[i])
        }
      }
    }
    return found
  }

  // MARK: Constants

  /// The constant of an input, or `nil`.
  func constant(_ input: String) -> TFTensorValue? {
    guard let node = source(input), node.op == "Const" else { return nil }
    return node.attributes["value"]?.tensor
  }

  /// A constant's shape, or `nil` if it is unknown or too large.
  static func shape(_ tensor: TFTensorValue) -> [Int]? {
    let shape = tensor.shape.dimensions.map { Int($0.size) }
    guard !tensor.shape.unknownRank, shape.count <= 8, Shape.elementCount(of: shape) != nil else { return nil }
    return shape
  }

  /// A float constant's values; TensorFlow omits repetitions of the last one.
  ///
  /// - Throws: `CheckpointError.malformed`.
  func floats(_ tensor: TFTensorValue, name: String) throws(CheckpointError) -> [Float] {
    func fault(_ reason: String) -> CheckpointError {
      .malformed(path: path, offset: nil, reason: "the constant \(name) \(reason)")
    }
    guard tensor.type == GraphFile.float, let shape = GraphFile.shape(tensor),
      let count = Shape.elementCount(of: shape)
    else { throw fault("is no float tensor of a known shape") }
    if !tensor.content.isEmpty {
      guard tensor.content.count == count * 4, let values = [UInt8](tensor.content).floats(count) else {
        throw fault("has \(tensor.content.count) bytes, expected \(count * 4) for \(shape)")
      }
      return values
    }
    guard let last = tensor.floats.last, tensor.floats.count <= count else {
      throw fault("has \(tensor.floats.count) values for \(shape)")
    }
    // A few bytes must not expand to gigabytes.
    guard count - tensor.floats.count <= 1 << 24 else { throw fault("repeats one value \(count) times") }
    return tensor.floats + [Float](repeating: last, count: count - tensor.floats.count)
  }

  /// A small constant's numbers, of any type, or `nil`.
  func numbers(_ input: String) -> [Double]? {
    guard let tensor = constant(input), let shape = GraphFile.shape(tensor),
      let count = Shape.elementCount(of: shape), count <= 64
    else { return nil }
    switch tensor.type {
    case GraphFile.float: return (try? floats(tensor, name: input))?.map(Double.init)
    case GraphFile.int32:
      if !tensor.content.isEmpty {
        guard tensor.content.count == count * 4 else { return nil }
        let bytes = [UInt8](tensor.content)
        return (0..<count).map { i in
          bytes.withBytes { all in Double(all.integer(at: i * 4, as: Int32.self) ?? 0) }
        }
      }
      guard let last = tensor.integers.last, tensor.integers.count <= count else { return nil }
      return (0..<count).map { Double($0 < tensor.integers.count ? tensor.integers[$0] : last) }
    default: return nil
    }
  }

  /// TensorFlow's type numbers of the supported types.
  static let float: Int32 = 1
  static let int32: Int32 = 3
}

extension [UInt8] {
  fileprivate func floats(_ count: Int) -> [Float]? { withBytes { bytes in bytes.floats(at: 0, count: count) } }
}

extension TFNode {
  /// A list of numbers such as the strides, or `nil` for a missing attribute.
  func integers(_ attribute: String) -> [Int64]? {
    guard case .list(let list)? = attributes[attribute]?.value else { return nil }
    return list.integers
  }

  func string(_ attribute: String) -> String? {
    guard case .string(let bytes)? = attributes[attribute]?.value else { return nil }
    return String(decoding: bytes, as: UTF8.self)
  }

  func number(_ attribute: String) -> Float? {
    guard case .number(let value)? = attributes[attribute]?.value else { return nil }
    return value
  }

  func flag(_ attribute: String) -> Bool? {
    guard case .flag(let value)? = attributes[attribute]?.value else { return nil }
    return value
  }
}

import Tensors

/// The coding of a graph in a model's card: a list of nodes that read earlier ones by index.
///
/// Batch norm is left out, since the weights of model files have it folded in.
extension Graph: Codable {
  private enum Keys: String, CodingKey { case nodes, outputs }

  /// Encodes the nodes and the outputs.
  ///
  /// - Throws: its `fault`.
  public func encode(to encoder: any Encoder) throws {
    if let fault { throw fault }
    var container = encoder.container(keyedBy: Keys.self)
    try container.encode(nodes.map(NodeRecord.init), forKey: .nodes)
    try container.encode(outputs, forKey: .outputs)
  }

  /// Decodes a graph by building it again, so that every node is checked.
  ///
  /// - Throws: `DecodingError`, also where the nodes are not a valid graph: a card may be untrusted.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Keys.self)
    let records = try container.decode([NodeRecord].self, forKey: .nodes)
    let outputs = try container.decode([Int].self, forKey: .outputs)
    do { self = try Graph(records, outputs: outputs) } catch {
      throw DecodingError.dataCorrupted(
        DecodingError.Context(codingPath: decoder.codingPath, debugDescription: "\(error)", underlyingError: error))
    }
  }

  private init(_ records: [NodeRecord], outputs: [Int]) throws(GraphError) {
    self.init()
    guard !records.isEmpty else { throw .unusableLayer(place: 0, reason: "is not there") }
    for (place, record) in records.enumerated() {
      guard record.inputs.allSatisfy({ (0..<place).contains($0) }) else {
        throw .unusableLayer(place: place, reason: "reads the layers \(record.inputs), expected earlier ones")
      }
      let (operation, channels) = try record.operation(at: place, record.inputs.map { nodes[$0].channels })
      let value = add(operation, record.inputs.map { self.value(at: $0) }, channels: channels)
      if let name = record.name { self.name(value, Tap(name)) }
      if let fault { throw fault }
    }
    for place in outputs { output(Value(index: place, channels: 0)) }
    if let fault { throw fault }
  }
}

/// A node's record in a card.
private struct NodeRecord: Codable {
  enum Kind: String, Codable {
    case input, convolution, add, activation, concatenation, scale, resize, shuffle
    case maximumPooling = "maximum-pooling"
    case averagePooling = "average-pooling"
    case globalPooling = "global-pooling"
  }

  var operation: Kind
  var inputs: [Int]
  var name: String?
  /// The prefix of `.weight` and `.bias` in the names of a convolution's tensors.
  var tensors: String?
  /// Of an input, or of a convolution's output.
  var channels: Int?
  /// Rows and columns; 1x1 by default.
  var kernel: [Int]?
  var stride, dilation, groups: Int?
  var padding: Padding?
  var activation: Activation?
  var grid: SamplingGrid?

  private init(_ operation: Kind, _ inputs: [Int]) {
    self.operation = operation
    self.inputs = inputs
  }

  init(_ node: Graph.Node) {
    func make(_ kind: Kind) -> NodeRecord { NodeRecord(kind, node.inputs) }
    switch node.operation {
    case .input:
      self = make(.input)
      channels = node.channels
    case .convolution(let c):
      self = make(.convolution)
      (tensors, channels, activation) = (c.name, c.outputs, c.activation)
      if c.groups > 1 { groups = c.groups }
      if !c.window.isOne { set(c.window) }
    case .pooling(.maximum(let window)):
      self = make(.maximumPooling)
      set(window)
    case .pooling(.average(let window)):
      self = make(.averagePooling)
      set(window)
    case .globalPooling: self = make(.globalPooling)
    case .add(let function):
      self = make(.add)
      activation = function
    case .activation(let function):
      self = make(.activation)
      activation = function
    case .concatenation: self = make(.concatenation)
    case .scale: self = make(.scale)
    case .resize(let grid):
      self = make(.resize)
      self.grid = grid
    case .shuffle(let groups):
      self = make(.shuffle)
      self.groups = groups
    }
    name = node.name
  }

  /// The node's operation and the channels of its value, given the channels of its inputs.
  ///
  /// - Throws: `GraphError` where a field is missing. Whether the operation can run is checked by the graph.
  func operation(at place: Int, _ inputs: [Int]) throws(GraphError) -> (Graph.Operation, channels: Int) {
    func given<Field>(_ field: Field?, _ name: String) throws(GraphError) -> Field {
      guard let field else { throw .unusableLayer(place: place, reason: "has no \(name)") }
      return field
    }
    let (first, activation) = (inputs.first ?? 0, activation ?? .linear)
    switch operation {
    case .input:
      _ = try given(name, "name, and is an input")
      return (.input, try given(channels, "channels"))
    case .convolution:
      let outputs = try given(channels, "channels")
      let convolution = Graph.Convolution(
        name: try given(tensors, "tensors of its own"), window: try window(at: place), groups: groups ?? 1,
        inputs: first, outputs: outputs, activation: activation, isNormalised: false)
      return (.convolution(convolution), outputs)
    case .maximumPooling: return (.pooling(.maximum(try window(at: place))), first)
    case .averagePooling: return (.pooling(.average(try window(at: place))), first)
    case .globalPooling: return (.globalPooling, first)
    case .add: return (.add(activation), first)
    case .activation: return (.activation(activation), first)
    case .concatenation: return (.concatenation, inputs.reduce(0, +))
    case .scale: return (.scale, first)
    case .resize: return (.resize(try given(grid, "sampling grid")), first)
    case .shuffle: return (.shuffle(groups: try given(groups, "groups")), first)
    }
  }

  private func window(at place: Int) throws(GraphError) -> Graph.Window {
    let kernel = kernel ?? [1, 1]
    guard kernel.count == 2 else {
      throw .unusableLayer(place: place, reason: "has a kernel \(kernel), expected two numbers")
    }
    return Graph.Window(
      kernel[0], kernel[1], stride: stride ?? 1, dilation: dilation ?? 1, padding: padding ?? .same)
  }

  private mutating func set(_ window: Graph.Window) {
    kernel = [window.height, window.width]
    (stride, dilation, padding) = (window.stride, window.dilation, window.padding)
  }
}

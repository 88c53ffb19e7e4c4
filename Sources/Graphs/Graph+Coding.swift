import Tensors

/// A graph in a model's card: a list of nodes that read earlier ones by place. Batch norm is left out, since the weights of
/// model files have it folded in.
extension Graph: Codable {
  private enum Keys: String, CodingKey { case nodes, outputs }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Keys.self)
    try container.encode(nodes.map(NodeRecord.init), forKey: .nodes)
    try container.encode(outputs, forKey: .outputs)
  }

  /// - Throws: `DecodingError`, also where the nodes make no graph: a card may come from anybody.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Keys.self)
    let records = try container.decode([NodeRecord].self, forKey: .nodes)
    let outputs = try container.decode([Int].self, forKey: .outputs)
    do { self = try Graph(records, outputs: outputs) } catch {
      throw DecodingError.dataCorrupted(
        DecodingError.Context(codingPath: decoder.codingPath, debugDescription: "\(error)", underlyingError: error))
    }
  }

  /// Nodes that a graph from a file may have.
  private static let mostNodes = 2000
  private static let largestKernel = 15

  private init(_ records: [NodeRecord], outputs: [Int]) throws(GraphError) {
    self.init()
    guard (1...Graph.mostNodes).contains(records.count) else {
      throw .unusableLayer(place: 0, reason: "is one of \(records.count), expected 1 to \(Graph.mostNodes)")
    }
    var names: Set<String> = []
    var tensors: Set<String> = []
    for (place, record) in records.enumerated() {
      func refuse(_ reason: String) -> GraphError { .unusableLayer(place: place, reason: reason) }
      let expected = record.operation.inputCount
      guard expected.contains(record.inputs.count), record.inputs.allSatisfy({ (0..<place).contains($0) }) else {
        throw refuse("reads the layers \(record.inputs), expected \(expected.lowerBound) or more before it")
      }
      if let name = record.name {
        guard !name.isEmpty, name.utf8.count <= 200, names.insert(name).inserted else {
          throw refuse("has a name that is empty, too long or taken")
        }
      }
      let values = record.inputs.map { value(at: $0) }
      func channels() throws(GraphError) -> Int {
        guard let channels = record.channels, (1...Graph.mostChannels).contains(channels) else {
          throw refuse("has \(record.channels.map(String.init) ?? "no") channels, expected 1 to \(Graph.mostChannels)")
        }
        return channels
      }
      func window() throws(GraphError) -> Window {
        let kernel = record.kernel ?? [1, 1]
        let (stride, dilation) = (record.stride ?? 1, record.dilation ?? 1)
        guard kernel.count == 2, kernel.allSatisfy({ (1...Graph.largestKernel).contains($0) && $0 % 2 == 1 }) else {
          throw refuse("has a kernel \(kernel), expected two odd numbers up to \(Graph.largestKernel)")
        }
        guard (1...8).contains(stride), (1...64).contains(dilation) else {
          throw refuse("has a stride of \(stride) and a dilation of \(dilation), expected up to 8 and up to 64")
        }
        return Window(kernel[0], kernel[1], stride: stride, dilation: dilation, padding: record.padding ?? .same)
      }
      func haveSame() throws(GraphError) {
        guard values[0].channels == values[1].channels else {
          throw refuse("joins maps of \(values[0].channels) and \(values[1].channels) channels")
        }
      }
      let activation = record.activation ?? .linear
      let made: Value
      switch record.operation {
      case .input:
        guard let name = record.name else { throw refuse("is an input without a name") }
        made = input(name, channels: try channels())
      case .convolution:
        guard let name = record.tensors, !name.isEmpty, name.utf8.count <= 200, tensors.insert(name).inserted else {
          throw refuse("has no tensors of its own")
        }
        let (outputs, groups) = (try channels(), record.groups ?? 1)
        guard groups > 0, values[0].channels % groups == 0, outputs % groups == 0 else {
          throw refuse("has \(values[0].channels) and \(outputs) channels in \(groups) groups")
        }
        made = convolution(
          name, values[0], outputs: outputs, window: try window(), groups: groups, activation, isNormalised: false)
      case .maximumPooling: made = pooling(values[0], .maximum(try window()))
      case .averagePooling: made = pooling(values[0], .average(try window()))
      case .globalPooling: made = globalPooling(values[0])
      case .add:
        try haveSame()
        made = sum(values[0], values[1], activation)
      case .activation: made = self.activation(values[0], activation)
      case .concatenation:
        let all = values.reduce(0) { $0 + $1.channels }
        guard all <= Graph.mostChannels else { throw refuse("makes \(all) channels") }
        made = concatenation(values)
      case .scale:
        try haveSame()
        made = scale(values[0], by: values[1])
      case .resize:
        guard let grid = record.grid else { throw refuse("resizes without a sampling grid") }
        made = resize(values[0], like: values[1], grid)
      case .shuffle:
        guard let groups = record.groups, groups > 0, values[0].channels % groups == 0 else {
          throw refuse("shuffles \(values[0].channels) channels in \(record.groups ?? 0) groups")
        }
        made = shuffle(values[0], groups: groups)
      }
      nodes[made.index].name = record.name
    }
    for place in outputs {
      guard nodes.indices.contains(place) else {
        throw .unusableLayer(place: place, reason: "is an output and not there")
      }
      guard nodes[place].operation != .input else {
        throw .unusableLayer(place: place, reason: "is an input and an output")
      }
      output(value(at: place))
    }
  }
}

/// A node as it stands in a card.
private struct NodeRecord: Codable {
  enum Kind: String, Codable {
    case input, convolution, add, activation, concatenation, scale, resize, shuffle
    case maximumPooling = "maximum-pooling"
    case averagePooling = "average-pooling"
    case globalPooling = "global-pooling"

    var inputCount: ClosedRange<Int> {
      switch self {
      case .input: return 0...0
      case .add, .scale, .resize: return 2...2
      case .concatenation: return 1...64
      default: return 1...1
      }
    }
  }

  var operation: Kind
  var inputs: [Int]
  var name: String?
  /// What stands before `.weight` and `.bias` in the names of a convolution's tensors.
  var tensors: String?
  /// Of an input, or of a convolution's output.
  var channels: Int?
  /// Rows and columns; without it 1x1.
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

  private mutating func set(_ window: Graph.Window) {
    kernel = [window.height, window.width]
    (stride, dilation, padding) = (window.stride, window.dilation, window.padding)
  }
}

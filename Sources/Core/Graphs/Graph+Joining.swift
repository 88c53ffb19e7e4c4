extension Graph {
  /// Appends another graph, whose inputs are values of this one by name; its outputs become outputs.
  ///
  /// Names of its values that already exist here are dropped.
  ///
  /// - Returns: the new value of each of its nodes.
  /// - Throws: `GraphError.noSuchTap` where an input has no value of that name and so many channels.
  @discardableResult public mutating func append(_ head: Graph) throws(GraphError) -> [Value] {
    try append(head, sharing: [:], renaming: { $0 })
  }

  /// Appends another graph, some of whose nodes are already here, with its tensors renamed.
  ///
  /// - Parameter shared: the index here of each shared node of the head.
  package mutating func append(_ head: Graph, sharing shared: [Int: Int], renaming: (String) -> String)
    throws(GraphError) -> [Value]
  {
    if let fault = fault ?? head.fault { throw fault }
    var values: [Value] = []
    var taken = Set(nodes.compactMap(\.name))
    for (place, node) in head.nodes.enumerated() {
      if let here = shared[place] {
        values.append(value(at: here))
        continue
      }
      if node.operation == .input {
        let found = try value(of: Tap(node.name!))
        guard found.channels == node.channels else {
          throw .unusableLayer(
            place: place, reason: "reads \(node.name!) with \(node.channels) channels, which has \(found.channels)")
        }
        values.append(found)
        continue
      }
      var operation = node.operation
      if case .convolution(var convolution) = operation {
        convolution.name = renaming(convolution.name)
        operation = .convolution(convolution)
      }
      let made = add(operation, node.inputs.map { values[$0] }, channels: node.channels)
      if let name = node.name, taken.insert(name).inserted { nodes[made.index].name = name }
      values.append(made)
    }
    outputs += head.outputs.map { values[$0].index }
    if let fault { throw fault }
    return values
  }

  /// The suffix graph behind the first `count` nodes, up to the outputs.
  ///
  /// Values of the first nodes that it reads become its inputs, by their names.
  ///
  /// It recovers a head that was appended to a backbone, or the trained layers behind the frozen ones.
  ///
  /// - Throws: its `fault`; `GraphError.unusableLayer` where such a value has no name.
  package func suffix(after count: Int) throws(GraphError) -> Graph {
    if let fault { throw fault }
    let needed = ancestors(of: outputs)
    var part = Graph()
    var places: [Int: Value] = [:]
    for place in nodes.indices where place >= count && needed.contains(place) {
      for input in nodes[place].inputs where places[input] == nil {
        guard let name = nodes[input].name else {
          throw .unusableLayer(place: input, reason: "has no name, and a layer behind it that is cut off reads it")
        }
        places[input] = part.input(name, channels: nodes[input].channels)
      }
      let node = nodes[place]
      let made = part.add(node.operation, node.inputs.map { places[$0]! }, channels: node.channels)
      part.nodes[made.index].name = node.name
      places[place] = made
    }
    for output in outputs {
      guard let value = places[output], output >= count else {
        throw .unusableLayer(place: output, reason: "is an output and lies before the cut")
      }
      part.output(value)
    }
    return part
  }

  /// The number of nodes up to and with a tap's.
  ///
  /// - Throws: `GraphError.noSuchTap`.
  public func count(through tap: Tap) throws(GraphError) -> Int { try value(of: tap).index + 1 }
}

import Graphs
import Tensors

extension Fusion {
  // MARK: Blocks

  /// A fused pass whose source is that convolution, with the depthwise convolution or the pooling behind it.
  func block(from index: Int) -> Pass? {
    guard !done.contains(index), let c = convolution(index), c.activation.clamp != nil else { return nil }
    // A convolution that reads one pixel concatenated with a map must be split; the concatenation is never computed.
    guard split(before: index) == nil else { return nil }
    if !c.isPointwise {
      // The stem: few channels, whose 3x3 neighbourhoods are gathered as they are read.
      guard c.window == Graph.Window(3, 3, stride: 2, padding: c.window.padding), c.groups == 1, c.inputs <= 4 else {
        return nil
      }
      if let pooled = readers[index].first(where: isPooling) { return pooledPass(index, pooled) }
    }
    if let shuffle = soleReader(index), case .shuffle(let groups) = graph.nodes[shuffle].operation {
      return c.isPointwise ? shuffled(index, shuffle, groups: groups) : nil
    }
    // Two depthwise convolutions with the same window become the branches of a separate pass.
    guard c.groups == 1, let d = readers[index].first(where: { filter($0) != nil }), twin(of: d) == nil else {
      return nil
    }
    var pass = Pass(
      work: .fused(source: index, branches: [Pass.Branch(filter: d)], shuffle: nil, hasSkip: false), nodes: [index, d],
      reads: graph.nodes[index].inputs, writes: [d], wide: index)
    if let p = soleReader(d), let project = product(p), project.outputs < c.outputs || c.outputs < c.inputs {
      finish(&pass, source: index, filter: d, project: p)
    } else {
      pass.isSpread = areProducts(readers[d]) && !kept.contains(d)
    }
    return pass
  }

  /// Adds the projection of a block, and the skip connection from the block's input.
  private func finish(_ pass: inout Pass, source: Int?, filter: Int, project: Int, shuffle: Int? = nil) {
    let c = convolution(project)!
    var product = Pass.Product(node: project, activation: c.activation)
    pass.nodes.append(project)
    pass.writes = [project]
    var hasSkip = false
    if c.activation.clamp == nil {
      pass.epilogue = c.activation
      product.activation = .linear
    } else if c.activation == .linear, let sum = soleReader(project), !done.contains(sum),
      case .add(let activation) = graph.nodes[sum].operation,
      activation.clamp != nil, graph.nodes[sum].inputs.sorted() == [pass.reads[0], project].sorted(),
      convolution(filter)!.window.stride == 1
    {
      hasSkip = true
      product.activation = activation
      pass.nodes.append(sum)
      pass.writes = [sum]
    }
    pass.work = .fused(
      source: source, branches: [Pass.Branch(filter: filter, project: product)], shuffle: shuffle, hasSkip: hasSkip)
  }

  private func isPooling(_ index: Int) -> Bool {
    guard case .pooling(.maximum(let window)) = graph.nodes[index].operation else { return false }
    return !done.contains(index) && window.fitsStrips && window.dilation == 1
  }

  /// The stem and the max pooling behind it.
  ///
  /// No value is negative there, so the map may be padded with zeros.
  private func pooledPass(_ index: Int, _ pooled: Int) -> Pass? {
    guard let low = convolution(index)!.activation.clamp?.low, low >= 0 else { return nil }
    return Pass(
      work: .fused(source: index, branches: [Pass.Branch(filter: pooled)], shuffle: nil, hasSkip: false),
      nodes: [index, pooled], reads: graph.nodes[index].inputs, writes: [pooled], wide: index)
  }

  /// ShuffleNet's unit.
  ///
  /// The shuffle is not a step: each group of the last convolution reads its inputs from before the shuffle.
  private func shuffled(_ index: Int, _ shuffle: Int, groups: Int) -> Pass? {
    // A GEMM reads at most nine segments of channels.
    guard groups <= 9, let d = soleReader(shuffle), filter(d) != nil, let p = soleReader(d), !done.contains(p),
      let project = convolution(p), project.isPointwise, project.groups == groups,
      convolution(index)!.groups == groups || convolution(index)!.groups == 1
    else { return nil }
    var pass = Pass(work: .copy, nodes: [index, shuffle, d], reads: graph.nodes[index].inputs, writes: [d])
    finish(&pass, source: index, filter: d, project: p, shuffle: groups)
    return pass
  }

  /// A depthwise convolution of a stored map, the 1x1 convolution behind it, and another such pair of the same map.
  func map(of index: Int) -> Pass? {
    guard filter(index) != nil else { return nil }
    let input = graph.nodes[index].inputs[0]
    var pass = Pass(
      work: .fused(source: nil, branches: [Pass.Branch(filter: index)], shuffle: nil, hasSkip: false), nodes: [index],
      reads: [input], writes: [index])
    guard let p = soleReader(index), product(p) != nil else { return pass }
    finish(&pass, source: nil, filter: index, project: p)
    guard case .fused(_, let branches, _, false) = pass.work, pass.epilogue == nil else { return pass }
    guard pass.writes == [p], let other = twin(of: index), let q = soleReader(other), let second = product(q),
      second.activation.clamp != nil, !isSkipped(q, input)
    else { return pass }
    pass.work = .fused(
      source: nil,
      branches: branches + [
        Pass.Branch(filter: other, project: Pass.Product(node: q, activation: second.activation))
      ], shuffle: nil, hasSkip: false)
    pass.nodes += [other, q]
    pass.writes.append(q)
    return pass
  }

  /// Another depthwise convolution of the same map with the same window.
  private func twin(of index: Int) -> Int? {
    guard let f = filter(index) else { return nil }
    return readers[graph.nodes[index].inputs[0]].first { other in
      other != index && filter(other).map { $0.window == f.window } ?? false
    }
  }

  /// Whether a convolution's output is only added to a value.
  private func isSkipped(_ index: Int, _ value: Int) -> Bool {
    guard let sum = soleReader(index), case .add = graph.nodes[sum].operation else { return false }
    return graph.nodes[sum].inputs.contains(value)
  }

  /// Whether all readers are 1x1 convolutions, which can read pixels with a stride.
  private func areProducts(_ readers: [Int]) -> Bool {
    !readers.isEmpty
      && readers.allSatisfy { reader in
        guard let c = convolution(reader) else { return false }
        return c.isPointwise && c.groups == 1
      }
  }

  // MARK: Concatenations

  /// Lets passes write their channels into a concatenation in place, and copies the others.
  mutating func place() {
    for (value, parts) in concatenations {
      var first = 0
      for part in parts {
        if soleReader(part) != nil, !isOnePixel[part],
          let index = passes.firstIndex(where: { $0.writes == [part] && $0.placement == nil }),
          passes[index].canBePlaced
        {
          passes[index].placement = Pass.Placement(value: value, first: first)
        } else {
          passes.append(
            Pass(
              work: .copy, nodes: [], reads: [part], writes: [part],
              placement: Pass.Placement(value: value, first: first)))
        }
        first += channels[part]
      }
    }
  }

  // MARK: Order

  /// The passes in a topological order, by their first nodes where possible.
  func ordered() -> [Pass] {
    let spread = Set(passes.filter(\.isSpread).map { $0.writes[0] })
    var waiting = passes.sorted { key($0) < key($1) }
    for index in waiting.indices { waiting[index].readsSpread = spread.contains(waiting[index].reads[0]) }
    // A concatenation is complete once all of its parts are.
    var writers: [Int: Int] = [:]
    for pass in waiting { for value in written(pass) { writers[value, default: 0] += 1 } }
    var order: [Pass] = []
    while !waiting.isEmpty {
      guard let next = waiting.firstIndex(where: { $0.reads.allSatisfy { (writers[$0] ?? 0) == 0 } }) else {
        preconditionFailure("passes that wait for each other")
      }
      let pass = waiting.remove(at: next)
      for value in written(pass) { writers[value]! -= 1 }
      order.append(pass)
    }
    return order
  }

  private func key(_ pass: Pass) -> Int { pass.nodes.first ?? pass.reads[0] }

  private func written(_ pass: Pass) -> [Int] {
    pass.targets + (pass.wide.map { [$0] } ?? [])
  }

  /// Values that can be outputs.
  var available: Set<Int> {
    var values = Set(concatenations.map(\.value))
    for pass in passes where pass.placement == nil && !pass.isSpread { values.formUnion(pass.writes) }
    for pass in passes { if let wide = pass.wide { values.insert(wide) } }
    return values
  }
}

import Graphs
import Tensors

/// The fusion of operations into passes, by their pattern alone.
///
/// - 1x1 (or the stem's 3x3), depthwise 3x3, 1x1 (and the sum with the input): an inverted residual, whose expanded
///   tensor never exists whole. Without bottlenecks, as in MobileNetV1, only the first two are fused.
/// - Depthwise 3x3 and 1x1; two such pairs of the same map are two branches of one pass.
/// - A chain of 1x1 convolutions; the sum behind one.
/// - A 1x1 convolution of one pixel concatenated with a map: the pixel's part is computed once and added everywhere.
/// - Parts of a concatenation are written in place.
///
/// An operation that no rule matches is a pass by itself.
struct Fusion {
  let graph: Graph
  /// Values that must be stored.
  let kept: Set<Int>
  /// The readers of each value that are themselves needed.
  let readers: [[Int]]
  let isOnePixel: [Bool]
  var done: Set<Int> = []
  var passes: [Pass] = []
  var channels: [Int]
  /// Concatenations, with their parts.
  var concatenations: [(value: Int, parts: [Int])] = []

  /// - Parameter kept: the values that the program must store.
  static func program(_ graph: Graph, kept: Set<Int>) -> Program {
    let needed = graph.ancestors(of: kept)
    var fusion = Fusion(graph: graph, kept: kept, needed: needed)
    for index in graph.nodes.indices where needed.contains(index) && !fusion.done.contains(index) { fusion.take(index) }
    fusion.place()
    return Program(passes: fusion.ordered(), channels: fusion.channels, available: fusion.available)
  }

  private init(graph: Graph, kept: Set<Int>, needed: Set<Int>) {
    self.graph = graph
    self.kept = kept
    readers = graph.readers.map { $0.filter(needed.contains) }
    isOnePixel = graph.isOnePixel
    channels = graph.nodes.map(\.channels)
  }

  // MARK: Queries of the rules

  func convolution(_ index: Int) -> Graph.Convolution? { graph.convolution(at: index) }

  /// The only reader of a value that need not be stored; `nil` where there are others.
  func soleReader(_ value: Int) -> Int? {
    readers[value].count == 1 && !kept.contains(value) ? readers[value][0] : nil
  }

  /// A dense 1x1 convolution.
  func product(_ index: Int?) -> Graph.Convolution? {
    guard let index, !done.contains(index), let c = convolution(index), c.isPointwise, c.groups == 1 else { return nil }
    return c
  }

  /// A depthwise 3x3 convolution that the strip kernels support.
  func filter(_ index: Int?) -> Graph.Convolution? {
    guard let index, !done.contains(index), let c = convolution(index), c.isDepthwise,
      c.window.fitsStrips, c.activation.clamp != nil
    else { return nil }
    return c
  }

  mutating func append(_ pass: Pass) {
    done.formUnion(pass.nodes)
    passes.append(pass)
  }

  mutating func newValue(channels count: Int) -> Int {
    channels.append(count)
    return channels.count - 1
  }

  // MARK: Taking nodes

  private mutating func take(_ index: Int) {
    let node = graph.nodes[index]
    let strip = Pass.Work.fused(source: nil, branches: [Pass.Branch(filter: index)], shuffle: nil, hasSkip: false)
    func single(_ work: Pass.Work) -> Pass { Pass(work: work, nodes: [index], reads: node.inputs, writes: [index]) }
    switch node.operation {
    case .input: done.insert(index)
    case .convolution(let c):
      if let pass = block(from: index) ?? map(of: index) { return append(pass) }
      if c.isPointwise, c.groups == 1 { return takeProduct(index, c) }
      let alone: Pass.Work = c.isDepthwise ? .depthwise(index) : .convolution(index)
      var pass = single(c.isDepthwise && c.window.fitsStrips ? strip : alone)
      if c.activation.clamp == nil { pass.epilogue = c.activation }
      append(pass)
    case .pooling(let pooling):
      // 3x3 average pooling is a depthwise convolution with nine equal weights.
      if case .average(let window) = pooling, window.fitsStrips {
        append(single(strip))
      } else {
        append(single(.pooling(pooling)))
      }
    case .globalPooling: append(single(.globalPooling))
    case .add(let activation):
      var pass = single(.add(activation.clamp == nil ? .linear : activation))
      if activation.clamp == nil { pass.epilogue = activation }
      append(pass)
    case .activation(let activation): append(single(.activation(activation)))
    case .scale: append(single(.scale))
    case .resize(let grid): append(single(.resize(grid)))
    case .shuffle(let groups): append(single(.shuffle(groups: groups)))
    case .concatenation:
      // The convolution behind it may not need the concatenation, and then takes the node itself.
      guard split(index) == nil else { return }
      done.insert(index)
      concatenations.append((index, node.inputs))
    }
  }

  /// A chain of 1x1 convolutions under construction.
  private struct Chain {
    var products: [Pass.Product] = []
    var addends: [Int?] = []
    var nodes: [Int] = []
    var reads: [Int] = []
  }

  /// Takes a 1x1 convolution, with the chain or the sum behind it.
  private mutating func takeProduct(_ index: Int, _ c: Graph.Convolution) {
    var chain = Chain()
    if let split = split(before: index) {
      chain.reads = [rest(of: split)]
      extend(&chain, split)
    } else {
      chain = Chain(
        products: [Pass.Product(node: index, activation: c.activation)], addends: [nil], nodes: [index],
        reads: graph.nodes[index].inputs)
    }
    var last = index
    while chain.products.last!.activation.clamp != nil, !isOnePixel[last], let reader = soleReader(last) {
      if let next = product(reader), block(from: reader) == nil {
        chain.products.append(Pass.Product(node: reader, activation: next.activation))
        chain.addends.append(nil)
        chain.nodes.append(reader)
        last = reader
      } else if let split = split(reader), split.rest == [last] {
        extend(&chain, split)
        last = split.reader
      } else {
        break
      }
    }
    var pass: Pass
    if chain.products.count > 1 || chain.addends[0] != nil {
      pass = Pass(
        work: .chain(chain.products, addends: chain.addends), nodes: chain.nodes, reads: chain.reads, writes: [last])
    } else {
      pass = Pass(work: .product(chain.products[0]), nodes: chain.nodes, reads: chain.reads, writes: [last])
      join(&pass, chain.products[0])
    }
    clampLast(&pass)
    append(pass)
  }

  /// Adds a convolution of one pixel concatenated with a map: a pass for the pixel's part, and the GEMM of the rest.
  private mutating func extend(_ chain: inout Chain, _ split: Split) {
    let c = convolution(split.reader)!
    let part = newValue(channels: c.outputs)
    passes.append(
      Pass(
        work: .product(Pass.Product(node: split.reader, rows: split.pixelRows, activation: .linear)), nodes: [],
        reads: [split.pixel], writes: [part]))
    chain.products.append(
      Pass.Product(node: split.reader, rows: split.restRows, isBiased: false, activation: c.activation))
    chain.addends.append(chain.reads.count)
    chain.nodes += [split.concatenation, split.reader]
    chain.reads.append(part)
  }

  /// Fuses the sum behind a 1x1 convolution into it.
  private func join(_ pass: inout Pass, _ product: Pass.Product) {
    let value = pass.writes[0]
    guard product.activation == .linear, let reader = soleReader(value), !done.contains(reader),
      case .add(let activation) = graph.nodes[reader].operation, activation.clamp != nil
    else { return }
    let inputs = graph.nodes[reader].inputs
    // One pixel is added to a map, never a map to one pixel.
    guard inputs[0] != inputs[1], inputs[0] == value || !isOnePixel[value] || isOnePixel[inputs[0]] else { return }
    let other = inputs[0] == value ? inputs[1] : inputs[0]
    guard isOnePixel[value] == isOnePixel[other] || inputs[0] == value else { return }
    pass.work = .product(Pass.Product(node: product.node, activation: activation))
    pass.nodes.append(reader)
    pass.reads.append(other)
    pass.writes = [reader]
  }

  /// Moves an activation other than bounds behind the pass.
  private func clampLast(_ pass: inout Pass) {
    func linear(_ product: Pass.Product) -> Pass.Product {
      var product = product
      product.activation = .linear
      return product
    }
    switch pass.work {
    case .product(let product) where product.activation.clamp == nil:
      pass.epilogue = product.activation
      pass.work = .product(linear(product))
    case .chain(let products, let addends) where products.last!.activation.clamp == nil:
      pass.epilogue = products.last!.activation
      pass.work = .chain(products.dropLast() + [linear(products.last!)], addends: addends)
    default: break
    }
  }
}

// MARK: One pixel concatenated with a map

extension Fusion {
  /// A concatenation of one pixel and a map whose only reader is a 1x1 convolution.
  struct Split {
    let concatenation, reader: Int
    let pixel: Int
    let pixelRows: Range<Int>
    /// The other values, and their rows of the weights.
    let rest: [Int]
    let restRows: Range<Int>
  }

  func split(_ concatenation: Int) -> Split? {
    guard !done.contains(concatenation), case .concatenation = graph.nodes[concatenation].operation,
      let reader = soleReader(concatenation), product(reader) != nil
    else { return nil }
    let inputs = graph.nodes[concatenation].inputs
    // The pixel comes first, so the weight rows of the others are contiguous.
    guard inputs.count > 1, isOnePixel[inputs[0]], !inputs.dropFirst().contains(where: { isOnePixel[$0] }) else {
      return nil
    }
    let border = graph.nodes[inputs[0]].channels
    return Split(
      concatenation: concatenation, reader: reader, pixel: inputs[0], pixelRows: 0..<border,
      rest: Array(inputs.dropFirst()), restRows: border..<graph.nodes[concatenation].channels)
  }

  /// The split of a convolution's input.
  func split(before index: Int) -> Split? {
    split(graph.nodes[index].inputs[0]).flatMap { $0.reader == index ? $0 : nil }
  }

  /// The concatenation without the pixel.
  mutating func rest(of split: Split) -> Int {
    guard split.rest.count > 1 else { return split.rest[0] }
    let value = newValue(channels: split.restRows.count)
    concatenations.append((value, split.rest))
    return value
  }
}

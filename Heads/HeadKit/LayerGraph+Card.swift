import Backbone
import Kernels
import ModelFiles
import Tensors

extension LayerGraph {
  /// The layers as data for a model's card.
  ///
  /// Batch norm is left out: weights in model files have it folded in.
  public var card: GraphCard {
    GraphCard(
      layers: layers.map { layer in
        let inputs = layer.inputs.map(\.index)
        switch layer.operation {
        case .tap(let tap):
          var one = GraphCard.Layer(.tap, inputs: [])
          one.name = tap.description
          return one
        case .convolution(let c):
          var one = GraphCard.Layer(c.kind == .pointwise ? .pointwise : .depthwise, inputs: inputs)
          (one.name, one.activation) = (c.name, GraphCard.Activation(c.activation))
          if case .depthwise(let stride, let dilation, let padding) = c.kind {
            (one.stride, one.dilation, one.padding) = (stride, dilation, padding)
          } else {
            one.outputs = c.outputs
          }
          return one
        case .add(let activation):
          var one = GraphCard.Layer(.add, inputs: inputs)
          one.activation = GraphCard.Activation(activation)
          return one
        case .concatenate: return GraphCard.Layer(.concatenate, inputs: inputs)
        case .globalPooling: return GraphCard.Layer(.globalPooling, inputs: inputs)
        case .upsample(let grid):
          var one = GraphCard.Layer(.upsample, inputs: inputs)
          one.grid = grid
          return one
        }
      }, answers: answers.map(\.index))
  }

  /// The layers of a card on a network, checked so that they can run on inputs of that size: a card may come from anybody.
  ///
  /// - Throws: `BackboneError.unusableLayer`, `.noSuchTap`.
  /// - Complexity: O(layers).
  public init(_ card: GraphCard, on layout: NetworkLayout, height: Int, width: Int) throws(BackboneError) {
    self.init()
    var shapes: [Shape] = []
    var values: [Value] = []
    var names: Set<String> = []
    for (place, layer) in card.layers.enumerated() {
      func refuse(_ reason: String) -> BackboneError { .unusableLayer(place: place, reason: reason) }
      let count = LayerGraph.inputCount(layer.operation)
      guard layer.inputs.count == count, layer.inputs.allSatisfy({ (0..<place).contains($0) }) else {
        throw refuse("reads the layers \(layer.inputs), expected \(count) before it")
      }
      let inputs = layer.inputs.map { values[$0] }
      let inputShapes = layer.inputs.map { shapes[$0] }
      let activation = Activation(layer.activation ?? .linear)
      func name() throws(BackboneError) -> String {
        guard let name = layer.name, !name.isEmpty, name.utf8.count <= 200, names.insert(name).inserted else {
          throw refuse("has no name of its own")
        }
        return name
      }
      switch layer.operation {
      case .tap:
        let known = layout.taps
        guard let info = known.first(where: { $0.name == layer.name }) else {
          throw .noSuchTap(name: layer.name ?? "", known: known.map(\.name))
        }
        values.append(tap(info))
      case .pointwise:
        guard let outputs = layer.outputs, (1...LayerGraph.mostChannels).contains(outputs) else {
          throw refuse("has \(layer.outputs.map(String.init) ?? "no") channels")
        }
        values.append(pointwise(try name(), inputs[0], outputs: outputs, activation, isNormalised: false))
      case .depthwise:
        let (stride, dilation) = (layer.stride ?? 1, layer.dilation ?? 1)
        guard (1...2).contains(stride), (1...64).contains(dilation), let padding = layer.padding else {
          throw refuse("has a stride of \(stride), a dilation of \(dilation) or no padding that can be")
        }
        values.append(
          depthwise(
            try name(), inputs[0], stride: stride, dilation: dilation, padding: padding, activation,
            isNormalised: false))
      case .add:
        let (first, second) = (inputShapes[0], inputShapes[1])
        guard first.channels == second.channels, second.pixels == 1 || second == first else {
          throw refuse("adds maps of other sizes, \(first) and \(second)")
        }
        values.append(sum(inputs[0], inputs[1], activation))
      case .concatenate:
        let larger = inputShapes[0].pixels >= inputShapes[1].pixels ? inputShapes[0] : inputShapes[1]
        guard inputShapes.allSatisfy({ $0.pixels == 1 || $0.with(channels: larger.channels) == larger }) else {
          throw refuse("puts maps of other sizes side by side, \(inputShapes[0]) and \(inputShapes[1])")
        }
        values.append(concatenation(inputs[0], inputs[1]))
      case .globalPooling: values.append(globalPooling(inputs[0]))
      case .upsample:
        guard let grid = layer.grid else { throw refuse("enlarges without a sampling grid") }
        values.append(upsample(inputs[0], like: inputs[1], grid))
      }
      let shape = shape(of: layers[place], after: shapes) { layout.shape(of: $0, height: height, width: width) }
      guard shape.channels <= LayerGraph.mostChannels, shape.count <= LayerGraph.mostElements else {
        throw refuse("makes a map of \(shape), which is too large")
      }
      shapes.append(shape)
    }
    for place in card.answers {
      guard values.indices.contains(place) else {
        throw .unusableLayer(place: place, reason: "is an output and not there")
      }
      if case .tap = card.layers[place].operation {
        throw .unusableLayer(place: place, reason: "is the backbone's, and no output")
      }
      answer(values[place])
    }
  }

  private static let mostChannels = 65536
  private static let mostElements = 1 << 28

  private static func inputCount(_ operation: GraphCard.Operation) -> Int {
    switch operation {
    case .tap: return 0
    case .pointwise, .depthwise, .globalPooling: return 1
    case .add, .concatenate, .upsample: return 2
    }
  }
}

extension Activation {
  fileprivate init(_ name: GraphCard.Activation) {
    switch name {
    case .linear: self = .linear
    case .relu: self = .relu
    case .relu6: self = .relu6
    }
  }
}

extension GraphCard.Activation {
  fileprivate init(_ activation: Activation) {
    switch activation {
    case .linear: self = .linear
    case .relu: self = .relu
    case .relu6: self = .relu6
    }
  }
}

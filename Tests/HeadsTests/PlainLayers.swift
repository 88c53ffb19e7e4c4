import Backbone
import Graphs
import KernelOracles
import Kernels
import ModelFiles
import Tensors

/// A map in plain floats.
struct PlainMap {
  let shape: Shape
  let values: [Float]

  init(_ shape: Shape, _ values: [Float]) {
    self.shape = shape
    self.values = values
  }

  init(_ tensor: borrowing Tensor) { self.init(tensor.shape, tensor.values()) }
}

/// The reference of a graph: plain loops in double precision, one operation after another, without fusion and
/// shortcuts.
struct PlainLayers {
  let weights: Weights

  /// The values of all nodes.
  ///
  /// - Parameter input: the map of each of the graph's inputs.
  func values(_ graph: Graph, _ input: (String) -> PlainMap) throws -> [PlainMap] {
    var done: [PlainMap] = []
    for node in graph.nodes {
      let x = node.inputs.map { done[$0] }
      switch node.operation {
      case .input: done.append(input(node.name!))
      case .convolution(let c): done.append(try convolution(c, x[0]))
      case .pooling(.maximum(let window)): done.append(slide(x[0], window) { $0.compactMap { $0 }.max()! })
      case .pooling(.average(let window)):
        done.append(slide(x[0], window) { $0.reduce(0) { $0 + ($1 ?? 0) } / Double(window.taps) })
      case .globalPooling:
        done.append(
          PlainMap(
            Shape(height: 1, width: 1, channels: x[0].shape.channels), Reference.globalPooling(x[0].values, x[0].shape))
        )
      case .add(let activation): done.append(join(x[0], x[1]) { Self.apply(activation, Double($0) + Double($1)) })
      case .scale: done.append(join(x[0], x[1]) { Double($0) * Double($1) })
      case .activation(let activation):
        done.append(PlainMap(x[0].shape, x[0].values.map { Float(Self.apply(activation, Double($0))) }))
      case .concatenation: done.append(concatenation(x))
      case .resize(let grid):
        let size = x[1].shape
        done.append(
          PlainMap(
            size.with(channels: x[0].shape.channels),
            Reference.resize(x[0].values, x[0].shape, height: size.height, width: size.width, grid: grid)))
      case .shuffle(let groups):
        done.append(
          PlainMap(x[0].shape, Reference.shuffle(x[0].values, channels: x[0].shape.channels, groups: groups)))
      }
    }
    return done
  }

  /// The values of the outputs.
  func outputs(_ graph: Graph, _ input: (String) -> PlainMap) throws -> [PlainMap] {
    let values = try values(graph, input)
    return graph.outputs.map { values[$0] }
  }

  static func apply(_ activation: Activation, _ x: Double) -> Double {
    switch activation {
    case .linear: x
    case .relu: max(x, 0)
    case .relu6: min(max(x, 0), 6)
    case .hardSwish: x * min(max(x + 3, 0), 6) / 6
    case .hardSigmoid: min(max(x + 3, 0), 6) / 6
    case .sigmoid: Double(Reference.sigmoid(Float(x)))
    }
  }

  private func convolution(_ c: Graph.Convolution, _ x: PlainMap) throws -> PlainMap {
    let weight = try weights.values("\(c.name).weight", shape: c.weightShape)
    let bias = try weights.values("\(c.name).bias", shape: [c.outputs])
    let g = c.window.geometry(height: x.shape.height, width: x.shape.width)
    let (inputs, outputs) = (c.inputs / c.groups, c.outputs / c.groups)
    var values = [Float](repeating: 0, count: g.outHeight * g.outWidth * c.outputs)
    for row in 0..<g.outHeight {
      for column in 0..<g.outWidth {
        var sums = bias.map { Double($0) }
        for tap in 0..<c.window.taps {
          let y = row * g.stride - g.padTop + tap / g.kernelWidth * g.dilation
          let z = column * g.stride - g.padLeft + tap % g.kernelWidth * g.dilation
          guard (0..<g.height).contains(y), (0..<g.width).contains(z) else { continue }
          let pixel = (y * g.width + z) * c.inputs
          for group in 0..<c.groups {
            for input in 0..<inputs {
              let value = Double(x.values[pixel + group * inputs + input])
              let begin = (tap * inputs + input) * c.outputs + group * outputs
              for output in 0..<outputs { sums[group * outputs + output] += value * Double(weight[begin + output]) }
            }
          }
        }
        let begin = (row * g.outWidth + column) * c.outputs
        for output in 0..<c.outputs { values[begin + output] = Float(Self.apply(c.activation, sums[output])) }
      }
    }
    return PlainMap(Shape(height: g.outHeight, width: g.outWidth, channels: c.outputs), values)
  }

  /// A function of each window of each channel, with `nil` outside the map.
  private func slide(_ x: PlainMap, _ window: Graph.Window, _ body: ([Double?]) -> Double) -> PlainMap {
    let g = window.geometry(height: x.shape.height, width: x.shape.width)
    let channels = x.shape.channels
    var values: [Float] = []
    for row in 0..<g.outHeight {
      for column in 0..<g.outWidth {
        for channel in 0..<channels {
          let found = (0..<window.taps).map { tap -> Double? in
            let y = row * g.stride - g.padTop + tap / g.kernelWidth * g.dilation
            let z = column * g.stride - g.padLeft + tap % g.kernelWidth * g.dilation
            guard (0..<g.height).contains(y), (0..<g.width).contains(z) else { return nil }
            return Double(x.values[(y * g.width + z) * channels + channel])
          }
          values.append(Float(body(found)))
        }
      }
    }
    return PlainMap(Shape(height: g.outHeight, width: g.outWidth, channels: channels), values)
  }

  /// A function of two maps, or of a map and one pixel.
  private func join(_ a: PlainMap, _ b: PlainMap, _ body: (Float, Float) -> Double) -> PlainMap {
    PlainMap(a.shape, a.values.indices.map { Float(body(a.values[$0], b.values[$0 % b.values.count])) })
  }

  /// The channels of all maps; those of a single pixel are repeated.
  private func concatenation(_ maps: [PlainMap]) -> PlainMap {
    let largest = maps.max { $0.shape.pixels < $1.shape.pixels }!.shape
    let values = (0..<largest.pixels).flatMap { pixel in
      maps.flatMap { map in
        let begin = (map.shape.pixels == 1 ? 0 : pixel) * map.shape.channels
        return map.values[begin..<begin + map.shape.channels]
      }
    }
    return PlainMap(largest.with(channels: maps.reduce(0) { $0 + $1.shape.channels }), values)
  }
}

import Backbone
import Graphs
import Kernels
import Tensors

extension Network {
  /// A network with seeded random weights, for timing and counting only.
  public static func random(_ graph: Graph, on session: Session) -> Network {
    do { return try Network(graph, weights: .random(graph.parameters), session: session) } catch {
      preconditionFailure("random weights fit their own network: \(error)")
    }
  }
}

extension Tensor {
  /// An input tensor of pseudo-random numbers in [-1, 1), the same on each call.
  public static func noise(size: Int) -> Tensor {
    let shape = Shape(height: size, width: size, channels: 3)
    var state: UInt32 = 1
    return Tensor(
      shape,
      (0..<shape.count).map { _ in
        state = state &* 1_664_525 &+ 1_013_904_223
        return Float(state >> 8) / Float(1 << 23) - 1
      })
  }
}

import Backbone
import CLISupport
import Graphs
import Kernels
import ModelFiles
import Tensors
import Training

/// A training step of a whole network on random input, ready to be timed.
///
/// The loss is half the mean square of the outputs, whose gradient costs next to nothing.
struct TrainingBench: TimedWork, ~Copyable {
  let session: Session
  let size: Int
  private let network: TrainableNetwork
  private let optimiser = Optimiser(.sgd, rate: 1e-6, warmUp: 0)

  init(_ task: NetworkTask, options: NetworkOptions, batch: Int, threads: Int?) throws(Failure) {
    session = Session(threads: threads)
    let size = options.size ?? task.usualSize
    self.size = size
    let graph = options.graph(task)
    do {
      network = try TrainableNetwork(
        graph, batch: batch, tapShape: { _ in Shape(height: size, width: size, channels: 3) },
        weights: .random(graph.parameters), session: session)
    } catch { throw Failure(.model, told(error)) }
    let image = Tensor.noise(size: size).values()
    for picture in 0..<batch { network.input(Tap(Graph.image)).part(picture * image.count, image.count).set(image) }
  }

  func run() throws(Failure) {
    session.pool.awake {
      network.forward(isTraining: true)
      for index in network.graph.outputs.indices {
        let answer = network.answer(index)
        network.answerGradient(index).set(answer.values.map { $0 / Float(answer.count) })
      }
      network.backward()
      optimiser.apply(to: network.parameters, step: 1, of: 1000, since: 0, share: 1, on: network.kernels)
    }
  }
}

import Graphs
import Kernels
import ModelFiles
import Tensors

extension TrainableNetwork {
  /// The weights of inference: every convolution's weight and bias, with batch norm folded in.
  ///
  /// With the running mean and variance, `gamma · (x · w - mean) / sqrt(variance + epsilon) + beta` is a convolution
  /// with other weights. The values are those of the best epoch where a run has kept them.
  package func folded() -> [String: (shape: [Int], values: [Float])] {
    parameters.withBest { foldedValues }
  }

  private var foldedValues: [String: (shape: [Int], values: [Float])] {
    let known = Dictionary(uniqueKeysWithValues: parameters.state.map { ($0.name, $0.values) })
    var tensors: [String: (shape: [Int], values: [Float])] = [:]
    for convolution in graph.convolutions {
      let name = convolution.name
      var weight = known["\(name).weight"]!.values
      var bias: [Float]
      if convolution.isNormalised {
        let gamma = known["\(name).gamma"]!.values
        let mean = known["\(name).mean"]!.values
        let variance = known["\(name).variance"]!.values
        bias = known["\(name).beta"]!.values
        var scale = [Float](repeating: 0, count: convolution.outputs)
        for c in scale.indices {
          scale[c] = gamma[c] / (variance[c] + Float(Normalisation.epsilon)).squareRoot()
          bias[c] -= mean[c] * scale[c]
        }
        for i in weight.indices { weight[i] *= scale[i % convolution.outputs] }
      } else {
        bias = known["\(name).bias"]!.values
      }
      // Denormal numbers, which weight decay produces, are set to zero.
      for i in weight.indices where !weight[i].isNormal && weight[i].isFinite { weight[i] = 0 }
      for i in bias.indices where !bias[i].isNormal && bias[i].isFinite { bias[i] = 0 }
      tensors["\(name).weight"] = (convolution.weightShape, weight)
      tensors["\(name).bias"] = ([convolution.outputs], bias)
    }
    return tensors
  }
}

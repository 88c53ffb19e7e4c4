import Backbone
import Tensors

extension ComparedNetwork {
  /// What the layers behind the backbone cost.
  var headCosts: [LayerCost] {
    switch head {
    case .classifier:
      let shape = Shape(height: 1, width: 1, channels: outputs)
      return [.convolution("classifier", inputs: layout.taps.last!.channels, output: shape)]
    case .ssd: return ssdCosts(isSeparable: false)
    case .ssdLite: return ssdCosts(isSeparable: true)
    case .deepLab: return deepLabCosts(atrousBranches: 0)
    case .deepLabASPP: return deepLabCosts(atrousBranches: ComparedNetwork.atrousRates.count)
    }
  }

  /// Dilations of the atrous branches at output stride 16; twice that at 8.
  ///
  /// Source: "Rethinking Atrous Convolution for Semantic Image Segmentation", section 3.3.
  static let atrousRates = [6, 12, 18]

  /// Extra layers and predictors on six maps: three default boxes at each pixel of the first, six elsewhere.
  private func ssdCosts(isSeparable: Bool) -> [LayerCost] {
    let deepest = layout.taps.last!
    let finer = layout.taps.last { $0.stride < deepest.stride }!
    var maps = [finer, deepest].map { layout.shape(of: $0.tap, height: size, width: size) }
    var costs: [LayerCost] = []
    for (index, full) in [512, 256, 256, 128].enumerated() {
      let name = "extra\(index)"
      let channels = max(Int(Double(full) * layout.width.value), 16)
      let (map, half) = (maps[maps.count - 1], channels / 2)
      let next = Shape(height: (map.height + 1) / 2, width: (map.width + 1) / 2, channels: channels)
      costs.append(.convolution("\(name)/reduce", inputs: map.channels, output: map.with(channels: half)))
      costs += convolution3x3(name, inputs: half, output: next, isSeparable: isSeparable)
      maps.append(next)
    }
    for (index, map) in maps.enumerated() {
      for (kind, values) in [("box", 4), ("class", outputs)] {
        let output = map.with(channels: (index == 0 ? 3 : 6) * values)
        costs += convolution3x3(
          "predictor\(index)/\(kind)", inputs: map.channels, output: output, isSeparable: isSeparable)
      }
    }
    return costs
  }

  private func convolution3x3(_ name: String, inputs: Int, output: Shape, isSeparable: Bool) -> [LayerCost] {
    guard isSeparable else { return [.convolution(name, inputs: inputs, output: output, taps: 9)] }
    return [
      .depthwise("\(name)/depthwise", output: output.with(channels: inputs)),
      .convolution(name, inputs: inputs, output: output),
    ]
  }

  private func deepLabCosts(atrousBranches: Int) -> [LayerCost] {
    let map = layout.shape(of: layout.deepestBlock, height: size, width: size)
    let branch = map.with(channels: 256)
    let pooled = Shape(height: 1, width: 1, channels: branch.channels)
    var costs = [
      LayerCost.convolution("pooling", inputs: map.channels, output: pooled),
      LayerCost.convolution("aspp", inputs: map.channels, output: branch),
    ]
    for index in 0..<atrousBranches {
      costs.append(.convolution("atrous\(index)", inputs: map.channels, output: branch, taps: 9))
    }
    let joined = (2 + atrousBranches) * branch.channels
    costs.append(.convolution("projection", inputs: joined, output: branch))
    costs.append(.convolution("logits", inputs: branch.channels, output: map.with(channels: outputs)))
    return costs
  }
}

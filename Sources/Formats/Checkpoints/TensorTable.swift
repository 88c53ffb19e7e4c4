/// The tensors of a foreign file by name, whatever its format; values are converted on demand.
struct TensorTable {
  let path: String
  let shapes: [String: [Int]]
  private let read: (String) throws(CheckpointError) -> [Float]

  init(path: String, shapes: [String: [Int]], read: @escaping (String) throws(CheckpointError) -> [Float]) {
    self.path = path
    self.shapes = shapes
    self.read = read
  }

  /// A tensor's values in the order of its shape, all finite.
  ///
  /// - Throws: `CheckpointError.notFinite`, or the error of the format's reader.
  func values(_ name: String) throws(CheckpointError) -> [Float] {
    let values = try read(name)
    if let index = values.firstIndex(where: { !$0.isFinite }) {
      throw .notFinite(path: path, name: name, index: index, value: "\(values[index])")
    }
    return values
  }
}

/// A family's order of the axes of a layer's weights.
package enum Layout: Hashable, Sendable {
  /// `[height, width, in, out]`, depthwise `[height, width, channels, 1]`.
  case tensorFlow
  /// `[out, in, height, width]`, depthwise `[channels, 1, height, width]`.
  case torch
  /// `[out, height, width, in]`, depthwise `[1, height, width, channels]`.
  case tfLite

  /// The shapes of a layer's weight in such a file; the second one is that of a fully connected layer.
  func shapes(of layer: PlannedLayer) -> [[Int]] {
    let (inputs, outputs) = (layer.inputs, layer.outputs)
    switch (self, layer.kind) {
    case (.tensorFlow, .convolution): return [[3, 3, inputs, outputs]]
    case (.tensorFlow, .depthwise): return [[3, 3, outputs, 1]]
    case (.tensorFlow, .pointwise): return [[1, 1, inputs, outputs], [inputs, outputs]]
    case (.torch, .convolution): return [[outputs, inputs, 3, 3]]
    case (.torch, .depthwise): return [[outputs, 1, 3, 3]]
    case (.torch, .pointwise): return [[outputs, inputs, 1, 1], [outputs, inputs]]
    case (.tfLite, .convolution): return [[outputs, 3, 3, inputs]]
    case (.tfLite, .depthwise): return [[1, 3, 3, outputs]]
    case (.tfLite, .pointwise): return [[outputs, 1, 1, inputs], [outputs, inputs]]
    }
  }

  /// The output channels of a weight of that shape, or `nil` for a wrong rank.
  func outputs(kind: PlannedLayer.Kind, shape: [Int]) -> Int? {
    guard shape.count == 4 || (shape.count == 2 && kind == .pointwise) else { return nil }
    switch self {
    case .tensorFlow: return kind == .depthwise ? shape[2] : shape.last
    case .torch: return shape[0]
    case .tfLite: return kind == .depthwise ? shape[3] : shape[0]
    }
  }

  /// The values in the order of the native file, with output channels contiguous.
  ///
  /// - Complexity: O(`values.count`).
  package func native(_ values: [Float], _ layer: PlannedLayer) -> [Float] {
    let outputs = layer.outputs
    switch (self, layer.kind) {
    case (.tensorFlow, _), (.tfLite, .depthwise): return values
    case (.torch, .depthwise): return transposed(values, rows: outputs, columns: 9)
    case (.torch, .pointwise), (.tfLite, .pointwise): return transposed(values, rows: outputs, columns: layer.inputs)
    case (.tfLite, .convolution): return transposed(values, rows: outputs, columns: 9 * layer.inputs)
    case (.torch, .convolution):
      // [out, in, 9] to [9, in, out]: the last two axes are swapped within each output, then the outputs become the
      // last axis.
      let inputs = layer.inputs
      var swapped: [Float] = []
      swapped.reserveCapacity(values.count)
      for o in 0..<outputs {
        for tap in 0..<9 {
          for i in 0..<inputs { swapped.append(values[(o * inputs + i) * 9 + tap]) }
        }
      }
      return transposed(swapped, rows: outputs, columns: 9 * inputs)
    }
  }

  private func transposed(_ values: [Float], rows: Int, columns: Int) -> [Float] {
    var result: [Float] = []
    result.reserveCapacity(values.count)
    for column in 0..<columns {
      for row in 0..<rows { result.append(values[row * columns + column]) }
    }
    return result
  }
}

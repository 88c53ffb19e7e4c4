import ModelFiles
import SSDLite
import Tensors

/// A detector's properties in a file beside its weights; `nil` for missing ones.
struct DetectionFacts: Hashable {
  var inputSize: Int?
  var grid: SamplingGrid?
  /// The mean and standard deviation of the normalisation, in 0...255.
  var mean: Float?
  var standardDeviation: Float?
  var activation: DetectionCard.ScoreActivation?
  var boxCoder: [Float]?
  var minimumScale: Float?
  var maximumScale: Float?
  var scoreThreshold: Float?
  var iouThreshold: Float?
  var maximumDetections: Int?
}

/// A segmenter's properties in a file beside its weights.
struct SegmentationFacts: Hashable {
  var upsampling: SamplingGrid?
}

/// The constants of a graph around the network: preprocessing, default boxes, thresholds.
struct GraphFacts {
  let graph: GraphFile

  private func fault(_ layer: String, _ expected: String, _ found: String) -> CheckpointError {
    .convention(path: graph.path, layer: layer, expected: expected, found: found)
  }

  /// The fixed width and height of the graph's input, if they are equal.
  var placeholderSize: Int? {
    for node in graph.nodes where node.op == "Placeholder" {
      let sizes = node.attributes["shape"]?.shape.dimensions.map(\.size) ?? []
      if sizes.count == 4, sizes[1] == sizes[2], (33...16384).contains(sizes[1]) { return Int(sizes[1]) }
    }
    return nil
  }

  static func grid(alignCorners: Bool, halfPixel: Bool) -> SamplingGrid {
    if alignCorners { return .alignCorners }
    return halfPixel ? .halfPixel : .legacy
  }

  private func grid(_ node: TFNode) -> SamplingGrid {
    GraphFacts.grid(
      alignCorners: node.flag("align_corners") ?? false, halfPixel: node.flag("half_pixel_centers") ?? false)
  }

  // MARK: Detection

  /// - Throws: `CheckpointError.convention` if a card cannot express the graph's conventions.
  func detection() throws(CheckpointError) -> DetectionFacts {
    var facts = DetectionFacts()
    try readPreprocessing(&facts)
    try readDefaultBoxes(&facts)
    try readPostprocessing(&facts)
    return facts
  }

  private func readPreprocessing(_ facts: inout DetectionFacts) throws(CheckpointError) {
    let nodes = graph.nodes.filter { $0.name.hasPrefix("Preprocessor/") }
    if let resize = nodes.first(where: { $0.op.hasPrefix("Resize") }) {
      guard resize.op == "ResizeBilinear" else { throw fault("the preprocessing", "ResizeBilinear", resize.op) }
      facts.grid = grid(resize)
      guard let size = resize.inputs.dropFirst().first.flatMap(graph.numbers), size.count == 2, size[0] == size[1],
        (33...16384).contains(size[0])
      else { throw fault("the preprocessing", "a fixed square input size", "another") }
      facts.inputSize = Int(size[0])
    }
    // The normalisation is x * scale - offset, as in the Object Detection API.
    if let scale = graph.numbers("Preprocessor/mul/x"), let offset = graph.numbers("Preprocessor/sub/y") {
      guard scale.count == 1, offset.count == 1, scale[0] > 0 else {
        throw fault("the preprocessing", "one scale and one offset", "others")
      }
      // The stored scale is 2/255 rounded to a float; the intended deviation is 127.5.
      let deviation = Float(((1 / scale[0]) * 1e4).rounded() / 1e4)
      facts.standardDeviation = deviation
      facts.mean = Float(offset[0] * Double(deviation))
    }
  }

  /// The constants of the default boxes: scales multiplied or divided by the root of the aspect ratios, map by map.
  private func readDefaultBoxes(_ facts: inout DetectionFacts) throws(CheckpointError) {
    var scales: [[Double]] = []
    for node in graph.nodes where node.name.hasPrefix("MultipleGridAnchorGenerator/") {
      let values = node.inputs.first.flatMap(graph.numbers) ?? []
      guard values.count == 3 || values.count == 6 else { continue }
      if node.op == "Sqrt" {
        // The ratios do not depend on the map, so any map's will do.
        let expected = HeadPlan.boxes(map: values.count == 3 ? 0 : 1, 0.2, 0.95).map { Double($0.ratio) }
        guard zip(values, expected).allSatisfy({ abs($0 - $1) < 1e-6 }) else {
          throw fault("the default boxes", "the aspect ratios \(expected)", "\(values)")
        }
      } else if node.op == "Mul" {
        scales.append(values)
      }
    }
    if scales.isEmpty { return }
    scales.sort { ($0.count, $0[0]) < ($1.count, $1[0]) }
    let counts = (0..<SSDLite.maps).map(DefaultBoxes.count)
    guard scales.map(\.count) == counts else {
      throw fault("the default boxes", "\(counts) boxes a cell", "\(scales.map(\.count))")
    }
    let (first, last) = (scales[0][1], scales[counts.count - 1][0])
    for (map, values) in scales.enumerated() {
      let expected = HeadPlan.boxes(map: map, Float(first), Float(last)).map { Double($0.scale) }
      guard zip(values, expected).allSatisfy({ abs($0 - $1) < 1e-5 }) else {
        throw fault("the default boxes of map \(map)", "the scales \(expected)", "\(values)")
      }
    }
    facts.minimumScale = Float(first)
    facts.maximumScale = Float(last)
  }

  private func readPostprocessing(_ facts: inout DetectionFacts) throws(CheckpointError) {
    let nodes = graph.nodes.filter { $0.name.hasPrefix("Postprocessor/") }
    if let node = nodes.first(where: { $0.name == "Postprocessor/convert_scores" }) {
      switch node.op {
      case "Sigmoid": facts.activation = .sigmoid
      case "Softmax": facts.activation = .softmax
      default: throw fault("the scores", "Sigmoid or Softmax", node.op)
      }
    }
    let coder = (0..<4).map { graph.numbers("Postprocessor/Decode/truediv\($0 == 0 ? "" : "_\($0)")/y")?.first }
    if coder.allSatisfy({ $0 != nil }) { facts.boxCoder = coder.map { Float($0!) } }
    for node in nodes where node.op.hasPrefix("NonMaxSuppression") {
      let inputs = node.inputs.filter { !$0.hasPrefix("^") }
      let threshold = inputs.dropFirst(3).first.flatMap(graph.numbers)?.first
      guard let threshold, facts.iouThreshold == nil || facts.iouThreshold == Float(threshold) else {
        throw fault("the non-maximum suppression", "one overlap threshold", "several or none")
      }
      facts.iouThreshold = Float(threshold)
      if let score = inputs.dropFirst(4).first.flatMap(graph.numbers)?.first { facts.scoreThreshold = Float(score) }
    }
    // Older graphs remove low scores before non-maximum suppression.
    let filter = nodes.first { $0.op == "Greater" && $0.name.contains("FilterGreaterThan") }
    if facts.scoreThreshold == nil, let score = filter?.inputs.last.flatMap(graph.numbers)?.first {
      facts.scoreThreshold = Float(score)
    }
    let limits = nodes.filter { $0.op == "Minimum" && $0.name.contains("MultiClassNonMaxSuppression/Minimum") }
      .compactMap { $0.inputs.first.flatMap(graph.numbers)?.first }
    if let limit = limits.min(), limit >= 1, limit <= 1_000_000 { facts.maximumDetections = Int(limit) }
  }

  // MARK: Segmentation

  /// - Throws: `CheckpointError.convention` if the logits are upsampled in two ways.
  func segmentation() throws(CheckpointError) -> SegmentationFacts {
    var facts = SegmentationFacts()
    var open = ["logits/semantic/BiasAdd"]
    var seen: Set<String> = []
    while let name = open.popLast() {
      for node in graph.consumers(name) where seen.insert(node.name).inserted {
        if node.op == "ResizeBilinear" {
          guard facts.upsampling == nil || facts.upsampling == grid(node) else {
            throw fault("the logits' enlargement", "one sampling grid", "two")
          }
          facts.upsampling = grid(node)
        }
        // Shape computations and the argmax are not followed.
        if node.op == "ResizeBilinear" || node.op == "Slice" || node.op == "Softmax" { open.append(node.name) }
      }
    }
    return facts
  }
}

import Graphs

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension ModelCard {
  /// Reads a card from JSON.
  ///
  /// - Throws: `ModelFileError.card` when the text is not a card or the card contradicts itself.
  package init(json: [UInt8], path: String) throws(ModelFileError) {
    do throws(JSONError) {
      // Duplicate keys are refused here, since the decoder below would take one of them silently.
      _ = try StrictJSON.parse(json, depth: 8)
    } catch {
      throw .card(path: path, reason: "the card is no proper JSON: \(error.reason) at byte \(error.offset)")
    }
    do {
      self = try JSONDecoder().decode(ModelCard.self, from: Data(json))
    } catch let error as DecodingError {
      throw .card(path: path, reason: ModelCard.reason(error))
    } catch { throw .card(path: path, reason: "the card cannot be read") }
    if let fault { throw .card(path: path, reason: fault) }
  }

  private static func reason(_ error: DecodingError) -> String {
    func place(_ path: [any CodingKey]) -> String { path.map(\.stringValue).joined(separator: ".") }
    switch error {
    case .keyNotFound(let key, let context):
      return "the card has no \(place(context.codingPath + [key]))"
    case .dataCorrupted(let context) where context.underlyingError is GraphError:
      return "the card's \(place(context.codingPath)): \(context.underlyingError!)"
    case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
      return "the card's \(place(context.codingPath)) has an unknown or wrong value"
    @unknown default: return "the card cannot be read"
    }
  }

  /// The first fault of the card's values, in words, or `nil`.
  package var fault: String? {
    if format != 1 { return "the card has format \(format), this program knows 1" }
    if name.isEmpty || name.utf8.count > 100 || name.utf8.contains(where: { $0 <= 0x20 || $0 == UInt8(ascii: "/") }) {
      return "the card's name is empty, too long, or has spaces or slashes"
    }
    if let fault = backbone.fault ?? input.fault ?? detection?.fault ?? segmentation?.fault { return fault }
    if let figures {
      if figures.count > 10_000 { return "the card has \(figures.count) figures, expected at most 10000" }
      if let fault = figures.lazy.compactMap(\.fault).first { return fault }
    }
    if let outputs = classifierOutputs, !(1...1_000_000).contains(outputs) {
      return "the card's classifier has \(outputs) outputs"
    }
    switch task {
    case .detect where detection == nil: return "the card's task is detect but it has no detection part"
    case .segment where segmentation == nil: return "the card's task is segment but it has no segmentation part"
    case .classify where classifierOutputs == nil: return "the card's task is classify but it names no outputs"
    default: return labelFault
    }
  }

  private var labelFault: String? {
    let outputs: Int? =
      switch task {
      case .classify: classifierOutputs
      case .detect: detection?.outputs
      case .segment: segmentation?.outputs
      case .features: nil
      }
    guard let outputs else { return nil }
    if labels.contains(where: { $0.output < 0 || $0.output >= outputs }) {
      return "the card labels an output beyond its \(outputs)"
    }
    if Set(labels.map(\.output)).count != labels.count { return "the card labels an output twice" }
    return nil
  }
}

extension BackboneCard {
  var fault: String? {
    if let graph { return fault(of: graph) }
    guard let family else {
      let known = NetworkFamily.allCases.map(\.rawValue).joined(separator: ", ")
      return "the card's network is \(network), expected one of \(known)"
    }
    if family == .shuffleNet, !NetworkFamily.shuffleNetGroups.contains(groups ?? 0) {
      return "the card's ShuffleNet has \(groups.map(String.init) ?? "no") groups, expected 1, 2, 3, 4 or 8"
    }
    if !(widthMultiplier >= 0.05 && widthMultiplier <= 4) { return "the card's width multiplier is \(widthMultiplier)" }
    if ![1, 8].contains(channelDivisor) { return "the card's channel divisor is \(channelDivisor), expected 8 or 1" }
    if ![8, 16, 32].contains(outputStride) { return "the card's output stride is \(outputStride), not 8, 16 or 32" }
    if !(batchNormEpsilon >= 0 && batchNormEpsilon <= 1) {
      return "the card's batch-norm epsilon is \(batchNormEpsilon)"
    }
    return nil
  }
}

extension BackboneCard {
  private func fault(of graph: Graph) -> String? {
    if network != BackboneCard.custom { return "the card has a graph and the network \(network), expected custom" }
    let inputs = graph.inputs
    if inputs.count != 1 || inputs[0].name != Graph.image || inputs[0].channels != 3 {
      return "the card's graph has the inputs \(inputs.map(\.name)), expected one with 3 channels named \(Graph.image)"
    }
    if graph.taps.isEmpty { return "the card's graph names no value" }
    if !graph.outputs.isEmpty { return "the card's graph has outputs; a backbone has taps only" }
    return nil
  }
}

extension InputCard {
  /// The least height and width of an input, with which every network's deepest map has more than one pixel.
  public static let leastSide = 33

  var fault: String? {
    let sides = InputCard.leastSide...16384
    if !sides.contains(width) || !sides.contains(height) {
      return "the card's input is \(width)x\(height), expected \(sides.lowerBound) to \(sides.upperBound) pixels a side"
    }
    if mean.count != 3 || standardDeviation.count != 3 { return "the card's normalisation needs three channels" }
    if !(mean + standardDeviation + [padValue]).allSatisfy(\.isFinite) || standardDeviation.contains(where: { $0 <= 0 })
    {
      return "the card's normalisation is not finite and positive"
    }
    if fit == .centreCrop {
      guard let resizeShortest, resizeShortest >= max(width, height), resizeShortest <= 32768 else {
        return "the card's centre crop needs a resizeShortest of at least the input size"
      }
    }
    return nil
  }
}

extension DetectionCard {
  var fault: String? {
    if !(1...100_000).contains(outputs) { return "the card's detector has \(outputs) outputs" }
    if let backgroundOutput, !(0..<outputs).contains(backgroundOutput) {
      return "the card's background output is \(backgroundOutput) of \(outputs)"
    }
    if boxCoder.count != 4 || boxCoder.contains(where: { !($0 > 0 && $0.isFinite) }) {
      return "the card's box coder needs four positive numbers"
    }
    if !(minimumScale > 0 && minimumScale <= maximumScale && maximumScale <= 1) {
      return "the card's scales are \(minimumScale) to \(maximumScale), expected 0 to 1"
    }
    if !(2...16).contains(maps) { return "the card's detector has \(maps) maps" }
    if !(scoreThreshold >= 0 && scoreThreshold <= 1 && iouThreshold >= 0 && iouThreshold <= 1) {
      return "the card's thresholds are not within 0 and 1"
    }
    if let recommendedScore, !(recommendedScore >= 0 && recommendedScore <= 1) {
      return "the card's recommended score is \(recommendedScore), expected 0 to 1"
    }
    if !(1...1_000_000).contains(maximumDetections) { return "the card keeps \(maximumDetections) detections" }
    return nil
  }
}

extension SegmentationCard {
  var fault: String? {
    if !(1...256).contains(outputs) { return "the card's segmenter has \(outputs) outputs, expected 1 to 256" }
    if !(0..<outputs).contains(backgroundID) { return "the card's background is class \(backgroundID) of \(outputs)" }
    if let voidID, !(0...255).contains(voidID) { return "the card's void class is \(voidID), expected 0 to 255" }
    if !(batchNormEpsilon >= 0 && batchNormEpsilon <= 1) { return "the card's epsilon is \(batchNormEpsilon)" }
    if let gate, !(gate.score >= 0 && gate.score <= 1 && gate.margin >= 0 && gate.margin <= 10) {
      return "the card's gate has a score of \(gate.score) and a margin of \(gate.margin), expected 0 to 1 and 0 to 10"
    }
    if [pyramid != nil, branches != nil, layers != nil].count(where: { $0 }) > 1 {
      return "the card's segmenter has more than one of a pyramid, DeepLab's branches and layers, expected one"
    }
    if let layers, layers.outputs.count != 1 {
      return "the card's head has \(layers.outputs.count) outputs, expected one"
    }
    if let pyramid {
      guard (2...16).contains(pyramid.levels.count), pyramid.widths.count == pyramid.levels.count - 1,
        pyramid.widths.allSatisfy({ (1...4096).contains($0) })
      else {
        return
          "the card's pyramid has \(pyramid.levels.count) levels and the widths \(pyramid.widths), expected one width "
          + "fewer than levels, each from 1 to 4096"
      }
    }
    return nil
  }
}

import ModelFiles
import SSDLite
import Tensors

/// The card of an imported network: the file's own conventions, and its family's for the missing ones.
///
/// The families' values are from the source code of the projects that publish them.
struct CardBuilder {
  let draft: Draft
  let path: String
  let sha256: String
  let overrides: ImportOverrides

  var card: ModelCard {
    let known = KnownModel.with(checkpointSHA256: sha256)
    let names = overrides.classes ?? known?.classes
    var card = ModelCard(
      name: overrides.name ?? known?.name ?? nameFromPath, task: task, family: draft.family.rawValue,
      provenance: Provenance(
        origin: overrides.origin ?? known?.origin ?? path.split(separator: "/").last.map(String.init) ?? path,
        licence: overrides.licence ?? known?.licence ?? "unknown", sourceSHA256: sha256),
      backbone: backbone, input: input, classifierOutputs: draft.classifierOutputs)
    if let fit = overrides.fit {
      card.input.fit = fit
      if fit != .centreCrop { card.input.resizeShortest = nil }
    }
    if let outputs = draft.detectionOutputs {
      card.detection = detection(outputs)
      card.labels = ClassNames.detector(outputs: outputs, named: names)
    } else if let outputs = draft.segmentationOutputs {
      card.segmentation = segmentation(outputs)
      card.labels = ClassNames.segmenter(outputs: outputs, named: names)
    } else if let outputs = draft.classifierOutputs {
      if let names {
        // A wrong number of names cannot be assigned to outputs.
        card.labels = ClassNames.classifier(outputs: outputs, named: names) ?? []
      } else if let names = draft.classNames {
        card.labels = names.sorted { $0.key < $1.key }.map { ClassLabel(output: $0, id: $0, name: $1) }
      }
    }
    return card
  }

  private var task: ModelCard.Task {
    if draft.detectionOutputs != nil { return .detect }
    if draft.segmentationOutputs != nil { return .segment }
    return draft.classifierOutputs != nil ? .classify : .features
  }

  /// The file's name without its extension, with dashes for characters that a model's name may not have.
  private var nameFromPath: String {
    var name = path.split(separator: "/").last.map(String.init) ?? "model"
    if let dot = name.lastIndex(of: "."), dot != name.startIndex { name = String(name[..<dot]) }
    let cleaned = String(name.map { $0.isASCII && ($0.isLetter || $0.isNumber || "-_.".contains($0)) ? $0 : "-" })
    return cleaned.isEmpty ? "model" : String(cleaned.prefix(100))
  }

  private var isPyTorch: Bool { draft.family == .timm || draft.family == .torchvision }

  private var backbone: BackboneCard {
    let stem = draft.assembly.recipes.first { $0.layer.id == .stem }
    // The decimal digits of the float, 0.001 instead of 0.0010000000475.
    let epsilon = stem.map { Double("\(Float($0.epsilon))") ?? $0.epsilon } ?? 0
    // Segmentation files of Hugging Face and TensorFlow without a graph are published for output stride 8.
    let familyStride = draft.segmentationOutputs != nil ? 8 : 32
    var card = BackboneCard(
      widthMultiplier: draft.plan.width, channelDivisor: draft.plan.divisor,
      outputStride: draft.outputStride ?? overrides.outputStride ?? familyStride,
      padding: draft.padding ?? (isPyTorch ? .symmetric : .same), batchNormEpsilon: epsilon,
      hasLastConvolution: draft.hasLast)
    card.network = draft.plan.network.rawValue
    return card
  }

  private var input: InputCard {
    let size = overrides.inputSize ?? draft.inputSize
    if draft.detectionOutputs != nil {
      let facts = draft.detection
      let (mean, deviation) = (facts.mean ?? 127.5, facts.standardDeviation ?? 127.5)
      return InputCard(
        width: size ?? 300, height: size ?? 300, fit: .stretch, grid: facts.grid ?? .legacy, antialias: false,
        mean: [mean, mean, mean], standardDeviation: [deviation, deviation, deviation])
    }
    let half: [Float] = [127.5, 127.5, 127.5]
    if draft.segmentationOutputs != nil {
      // DeepLab was trained on images of true aspect ratio, cropped or padded to a square; stretching costs accuracy.
      return InputCard(
        width: size ?? 513, height: size ?? 513, fit: .letterbox, grid: .halfPixel, antialias: true, mean: half,
        standardDeviation: half)
    }
    let side = size ?? 224
    // The usual centre crop of 224 from 256, scaled to any size.
    let shortest = (side * 256 + 223) / 224
    if isPyTorch {
      // ImageNet's statistics, scaled from 0...1 to 0...255.
      return InputCard(
        width: side, height: side, fit: .centreCrop, resizeShortest: shortest, grid: .halfPixel, antialias: true,
        mean: [123.675, 116.28, 103.53], standardDeviation: [58.395, 57.12, 57.375])
    }
    let isTensorFlow = draft.family != .huggingFace && draft.family != .keras
    return InputCard(
      width: side, height: side, fit: .centreCrop, resizeShortest: shortest,
      grid: isTensorFlow ? .legacy : .halfPixel, antialias: !isTensorFlow, mean: half, standardDeviation: half)
  }

  private func detection(_ outputs: Int) -> DetectionCard {
    let facts = draft.detection
    var card = DetectionCard.tensorFlow(outputs: outputs)
    card.scoreActivation = facts.activation ?? card.scoreActivation
    card.boxCoder = facts.boxCoder ?? card.boxCoder
    card.minimumScale = facts.minimumScale ?? card.minimumScale
    card.maximumScale = facts.maximumScale ?? card.maximumScale
    card.scoreThreshold = facts.scoreThreshold ?? card.scoreThreshold
    card.iouThreshold = facts.iouThreshold ?? card.iouThreshold
    card.maximumDetections = facts.maximumDetections ?? card.maximumDetections
    return card
  }

  private func segmentation(_ outputs: Int) -> SegmentationCard {
    let head = draft.assembly.recipes.first { $0.layer.id == .pooling }
    return SegmentationCard(
      outputs: outputs, backgroundID: 0, voidID: outputs == 21 ? 255 : nil,
      upsampling: draft.segmentation.upsampling ?? .alignCorners,
      batchNormEpsilon: head.map { Double("\(Float($0.epsilon))") ?? $0.epsilon } ?? 0)
  }
}

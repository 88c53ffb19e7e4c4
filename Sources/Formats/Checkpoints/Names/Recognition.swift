import ModelFiles
import SSDLite

/// The network recognised from a set of names and shapes: the family, the parts, the widths, and a recipe for every
/// layer.
struct Recognition {
  let table: TensorTable
  let family: Family
  let plan: BackbonePlan
  let hasLast: Bool
  /// The number of outputs of a classifier, if the file has one; likewise below.
  let classifierOutputs: Int?
  /// The class predictor's outputs for each anchor.
  let detectionOutputs: Int?
  let segmentationOutputs: Int?
  var recipes: [LayerRecipe]
}

extension Recognition {
  /// Recognises the network.
  ///
  /// - Throws: `CheckpointError.unknownFamily`. Missing and left-over tensors are found by `Assembly.check()`.
  init(_ table: TensorTable) throws(CheckpointError) {
    let names = Set(table.shapes.keys)
    guard let family = Family.of(names) else {
      throw .unknownFamily(path: table.path, tensors: names.sorted())
    }
    let network = Family.network(names)
    let prefix = Recognition.prefix(family, names)
    let layout = family.layout
    /// The backbone's names have no numbers of channels, so a map for any width is sufficient.
    let map = NameMap(family, network, prefix: prefix)
    func outputs(_ id: LayerID, _ kind: PlannedLayer.Kind) -> Int? {
      guard let names = map.names(id), let shape = table.shapes[Recognition.preferred(names.weight, table)] else {
        return nil
      }
      return layout.outputs(kind: kind, shape: shape)
    }
    func hasAny(_ id: LayerID) -> Bool {
      map.names(id)?.all.contains { table.shapes[Recognition.preferred($0, table)] != nil } ?? false
    }

    var observed: [LayerID: Int] = [:]
    for layer in BackbonePlan(network, width: 1).layers(last: true) {
      observed[layer.id] = outputs(layer.id, layer.kind)
    }
    let plan = BackbonePlan.best(network, for: observed)
    let isSegmenter = [LayerID.pooling, .aspp, .projection, .logits].contains(where: hasAny)
    let isDetector = names.contains { $0.hasPrefix("BoxPredictor_") }
    guard network == .mobileNetV2 || !isDetector else {
      throw .unsupported(
        path: table.path,
        reason:
          "is a detector on MobileNetV1; of detectors only SSDLite on MobileNetV2 can be imported, use one of those")
    }
    // Segmentation files of Hugging Face contain the last convolution, which is not used there.
    let hasLast =
      network == .mobileNetV2 && (isDetector || (hasAny(.last) && !isSegmenter) || hasAny(.classifier))

    var layers = plan.layers(last: hasLast)
    let classifierOutputs = hasAny(.classifier) ? outputs(.classifier, .pointwise) ?? 0 : nil
    if let count = classifierOutputs { layers.append(PlannedLayer(.classifier, .pointwise, plan.last, count)) }
    let detectionOutputs =
      isDetector ? (outputs(.predictorPointwise(0, .class), .pointwise) ?? 0) / DefaultBoxes.count(map: 0) : nil
    if let count = detectionOutputs { layers += HeadPlan.ssdlite(plan, outputs: count) }
    let segmentationOutputs = isSegmenter ? outputs(.logits, .pointwise) ?? 0 : nil
    if let count = segmentationOutputs { layers += HeadPlan.deepLab(plan, outputs: count) }

    let named = NameMap(family, network, prefix: prefix, width: plan.width)
    let recipes = layers.compactMap { layer in
      named.names(layer.id).map { names in
        let epsilon = Recognition.epsilon(family, layer.id)
        return LayerRecipe(layer: layer, names: names.mapped { Recognition.preferred($0, table) }, epsilon: epsilon)
      }
    }
    self.init(
      table: table, family: family, plan: plan, hasLast: hasLast, classifierOutputs: classifierOutputs,
      detectionOutputs: detectionOutputs, segmentationOutputs: segmentationOutputs, recipes: recipes)
  }

  /// The assembly of these recipes.
  var assembly: Assembly {
    let table = table
    let unusedLast = family == .huggingFace && segmentationOutputs != nil
    return Assembly(table: table, family: family, layout: family.layout, recipes: recipes) { name in
      if name.hasSuffix(".num_batches_tracked") || name == "global_step" { return true }
      // The state of Keras's dropout.
      if name.hasSuffix("seed_generator_state") { return true }
      if unusedLast && name.contains("conv_1x1.") && !name.contains("layer.") { return true }
      // An optimiser's slots are stored beside their tensor, and a weight beside its average.
      if let slash = name.lastIndex(of: "/"), table.shapes[String(name[..<slash])] != nil {
        return ["Momentum", "RMSProp", "RMSProp_1", "Adam", "Adam_1"].contains(name[name.index(after: slash)...])
      }
      return table.shapes[name + Recognition.average] != nil
    }
  }

  /// TensorFlow's suffix for the moving average of a weight, which is preferred.
  private static let average = "/ExponentialMovingAverage"

  /// The preferred one of the tensors with variants of a name, or the name itself.
  private static func preferred(_ name: String, _ table: TensorTable) -> String {
    // Older versions of Keras have another name for depthwise weights, and a number at the end of each name.
    var variants = [name + average, name, "\(name):0"]
    if name.hasSuffix("/kernel") {
      let depthwise = "\(name.dropLast("kernel".count))depthwise_kernel"
      variants += [depthwise, "\(depthwise):0"]
    }
    return variants.first { table.shapes[$0] != nil } ?? name
  }

  private static func prefix(_ family: Family, _ names: Set<String>) -> String {
    switch family {
    case .tfObjectDetection: return "FeatureExtractor/"
    case .huggingFace, .keras:
      let marks = [
        "conv_stem.first_conv.", "conv_stem.conv_3x3.", "conv_stem.convolution.", "conv_dw_1/",
        "expanded_conv_depthwise/",
      ]
      for name in names.sorted() {
        for mark in marks {
          if let range = name.firstRange(of: mark) { return String(name[..<range.lowerBound]) }
        }
      }
      return ""
    case .tfDeepLab, .tfLite, .tfSlim, .timm, .torchvision: return ""
    }
  }

  /// The epsilon of a layer's batch norm for files that do not record it.
  private static func epsilon(_ family: Family, _ id: LayerID) -> Double {
    switch family {
    case .timm, .torchvision: return 1e-5
    case .huggingFace, .keras, .tfDeepLab, .tfObjectDetection, .tfSlim, .tfLite:
      switch id {
      case .pooling, .aspp, .projection: return 1e-5
      default: return 1e-3
      }
    }
  }
}

extension LayerNames {
  var all: [String] {
    switch offset {
    case .bias(let bias): [weight, bias]
    case .normalisation(let gamma, let beta, let mean, let variance): [weight, gamma, beta, mean, variance]
    }
  }

  func mapped(_ rename: (String) -> String) -> LayerNames {
    switch offset {
    case .bias(let bias): return LayerNames(weight: rename(weight), offset: .bias(rename(bias)))
    case .normalisation(let gamma, let beta, let mean, let variance):
      return LayerNames(
        weight: rename(weight),
        offset: .normalisation(
          gamma: rename(gamma), beta: rename(beta), mean: rename(mean), variance: rename(variance)))
    }
  }
}

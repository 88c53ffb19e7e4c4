import Backbone
import ModelFiles
import SSDLite

/// The names of one family's layers.
struct NameMap {
  let family: Family
  let network: NetworkFamily
  /// The prefix of the backbone's names, for example `FeatureExtractor/`.
  let prefix: String
  /// The width multiplier, which is part of the names of the Object Detection API's extra layers.
  let width: Double

  init(_ family: Family, _ network: NetworkFamily, prefix: String, width: Double = 1) {
    self.family = family
    self.network = network
    self.prefix = prefix
    self.width = width
  }

  /// The names of a layer's tensors, or `nil` if the family has no such layer.
  func names(_ id: LayerID) -> LayerNames? {
    switch family {
    case .tfObjectDetection, .tfDeepLab, .tfSlim: tensorFlow(id)
    case .huggingFace: network == .mobileNetV1 ? firstHuggingFace(id) : huggingFace(id)
    case .keras: keras(id)
    case .timm: timm(id)
    case .torchvision: torchvision(id)
    case .tfLite: nil
    }
  }

  // MARK: TensorFlow

  private func tensorFlow(_ id: LayerID) -> LayerNames? {
    guard let scope = tensorFlowScope(id) else { return nil }
    let depthwise: Bool =
      switch id {
      case .depthwise, .extraDepthwise, .predictorDepthwise: true
      default: false
      }
    let weight = "\(scope)/\(depthwise ? "depthwise_weights" : "weights")"
    guard id.isNormalised else { return LayerNames(weight: weight, offset: .bias("\(scope)/biases")) }
    let norm = "\(scope)/BatchNorm"
    return LayerNames(
      weight: weight,
      offset: .normalisation(
        gamma: "\(norm)/gamma", beta: "\(norm)/beta", mean: "\(norm)/moving_mean", variance: "\(norm)/moving_variance"))
  }

  private func tensorFlowScope(_ id: LayerID) -> String? {
    if network == .mobileNetV1 {
      let root = "\(prefix)MobilenetV1"
      switch id {
      case .stem: return "\(root)/Conv2d_0"
      case .depthwise(let i): return "\(root)/Conv2d_\(i + 1)_depthwise"
      case .project(let i): return "\(root)/Conv2d_\(i + 1)_pointwise"
      case .classifier: return "\(root)/Logits/Conv2d_1c_1x1"
      default: return nil
      }
    }
    let root = "\(prefix)MobilenetV2"
    func block(_ i: Int) -> String { i == 0 ? "\(root)/expanded_conv" : "\(root)/expanded_conv_\(i)" }
    func extra(_ i: Int) -> SSDLite.ExtraWidths { SSDLite.extraLayers(width: width)[i] }
    switch id {
    case .stem: return "\(root)/Conv"
    case .expand(let i): return "\(block(i))/expand"
    case .depthwise(let i): return "\(block(i))/depthwise"
    case .project(let i): return "\(block(i))/project"
    case .last: return "\(root)/Conv_1"
    case .classifier: return "\(root)/Logits/Conv2d_1c_1x1"
    case .extraReduce(let i): return "\(root)/layer_19_1_Conv2d_\(i + 2)_1x1_\(extra(i).reduced)"
    case .extraDepthwise(let i): return "\(root)/layer_19_2_Conv2d_\(i + 2)_3x3_s2_\(extra(i).outputs)_depthwise"
    case .extraExpand(let i): return "\(root)/layer_19_2_Conv2d_\(i + 2)_3x3_s2_\(extra(i).outputs)"
    case .predictorDepthwise(let i, let answer): return "BoxPredictor_\(i)/\(predictor(answer))_depthwise"
    case .predictorPointwise(let i, let answer): return "BoxPredictor_\(i)/\(predictor(answer))"
    case .pooling: return "image_pooling"
    case .aspp: return "aspp0"
    case .projection: return "concat_projection"
    case .logits: return "logits/semantic"
    }
  }

  private func predictor(_ answer: LayerID.Answer) -> String {
    answer == .box ? "BoxEncodingPredictor" : "ClassPredictor"
  }

  // MARK: Keras

  private func keras(_ id: LayerID) -> LayerNames? {
    func layer(_ name: String, _ norm: String) -> LayerNames {
      LayerNames(
        weight: "\(prefix)\(name)/kernel",
        offset: .normalisation(
          gamma: "\(prefix)\(norm)/gamma", beta: "\(prefix)\(norm)/beta", mean: "\(prefix)\(norm)/moving_mean",
          variance: "\(prefix)\(norm)/moving_variance"))
    }
    func biased(_ name: String) -> LayerNames {
      LayerNames(weight: "\(prefix)\(name)/kernel", offset: .bias("\(prefix)\(name)/bias"))
    }
    if network == .mobileNetV1 {
      switch id {
      case .stem: return layer("conv1", "conv1_bn")
      case .depthwise(let i): return layer("conv_dw_\(i + 1)", "conv_dw_\(i + 1)_bn")
      case .project(let i): return layer("conv_pw_\(i + 1)", "conv_pw_\(i + 1)_bn")
      case .classifier: return biased("conv_preds")
      default: return nil
      }
    }
    func block(_ i: Int) -> String { i == 0 ? "expanded_conv" : "block_\(i)" }
    switch id {
    case .stem: return layer("Conv1", "bn_Conv1")
    case .expand(let i): return layer("\(block(i))_expand", "\(block(i))_expand_BN")
    case .depthwise(let i): return layer("\(block(i))_depthwise", "\(block(i))_depthwise_BN")
    case .project(let i): return layer("\(block(i))_project", "\(block(i))_project_BN")
    case .last: return layer("Conv_1", "Conv_1_bn")
    case .classifier: return biased("predictions")
    default: return nil
    }
  }

  // MARK: PyTorch

  private func normalised(_ convolution: String, _ norm: String) -> LayerNames {
    LayerNames(
      weight: "\(convolution).weight",
      offset: .normalisation(
        gamma: "\(norm).weight", beta: "\(norm).bias", mean: "\(norm).running_mean", variance: "\(norm).running_var"))
  }

  private func huggingFace(_ id: LayerID) -> LayerNames? {
    func layer(_ name: String) -> LayerNames { normalised("\(name).convolution", "\(name).normalization") }
    func biased(_ name: String) -> LayerNames { LayerNames(weight: "\(name).weight", offset: .bias("\(name).bias")) }
    switch id {
    case .stem: return layer("\(prefix)conv_stem.first_conv")
    case .depthwise(0): return layer("\(prefix)conv_stem.conv_3x3")
    case .project(0): return layer("\(prefix)conv_stem.reduce_1x1")
    case .expand(let i): return layer("\(prefix)layer.\(i - 1).expand_1x1")
    case .depthwise(let i): return layer("\(prefix)layer.\(i - 1).conv_3x3")
    case .project(let i): return layer("\(prefix)layer.\(i - 1).reduce_1x1")
    case .last: return layer("\(prefix)conv_1x1")
    case .classifier: return biased("classifier")
    case .pooling: return layer("segmentation_head.conv_pool")
    case .aspp: return layer("segmentation_head.conv_aspp")
    case .projection: return layer("segmentation_head.conv_projection")
    case .logits: return biased("segmentation_head.classifier.convolution")
    default: return nil
    }
  }

  /// The names of MobileNetV1, whose depthwise and 1x1 convolutions share one numbering.
  private func firstHuggingFace(_ id: LayerID) -> LayerNames? {
    func layer(_ name: String) -> LayerNames {
      normalised("\(prefix)\(name).convolution", "\(prefix)\(name).normalization")
    }
    switch id {
    case .stem: return layer("conv_stem")
    case .depthwise(let i): return layer("layer.\(2 * i)")
    case .project(let i): return layer("layer.\(2 * i + 1)")
    case .classifier: return LayerNames(weight: "classifier.weight", offset: .bias("classifier.bias"))
    default: return nil
    }
  }

  private func torchvision(_ id: LayerID) -> LayerNames? {
    func convolution(_ i: Int) -> String { "\(prefix)features.\(i + 1).conv" }
    switch id {
    case .stem: return normalised("\(prefix)features.0.0", "\(prefix)features.0.1")
    case .depthwise(0): return normalised("\(convolution(0)).0.0", "\(convolution(0)).0.1")
    case .project(0): return normalised("\(convolution(0)).1", "\(convolution(0)).2")
    case .expand(let i): return normalised("\(convolution(i)).0.0", "\(convolution(i)).0.1")
    case .depthwise(let i): return normalised("\(convolution(i)).1.0", "\(convolution(i)).1.1")
    case .project(let i): return normalised("\(convolution(i)).2", "\(convolution(i)).3")
    case .last: return normalised("\(prefix)features.18.0", "\(prefix)features.18.1")
    case .classifier:
      return LayerNames(weight: "\(prefix)classifier.1.weight", offset: .bias("\(prefix)classifier.1.bias"))
    default: return nil
    }
  }

  /// The stage of each block and its index there, in timm's numbering.
  private static let timmPlaces: [(stage: Int, place: Int)] = {
    var places: [(Int, Int)] = []
    for (stage, row) in PaperTable.bottlenecks.enumerated() { places += (0..<row.repeats).map { (stage, $0) } }
    return places
  }()

  private func timm(_ id: LayerID) -> LayerNames? {
    func block(_ i: Int) -> String {
      "\(prefix)blocks.\(NameMap.timmPlaces[i].stage).\(NameMap.timmPlaces[i].place)"
    }
    switch id {
    case .stem: return normalised("\(prefix)conv_stem", "\(prefix)bn1")
    case .depthwise(0): return normalised("\(block(0)).conv_dw", "\(block(0)).bn1")
    // In a block without an expansion the pointwise convolution is the projection.
    case .project(0): return normalised("\(block(0)).conv_pw", "\(block(0)).bn2")
    case .expand(let i): return normalised("\(block(i)).conv_pw", "\(block(i)).bn1")
    case .depthwise(let i): return normalised("\(block(i)).conv_dw", "\(block(i)).bn2")
    case .project(let i): return normalised("\(block(i)).conv_pwl", "\(block(i)).bn3")
    case .last: return normalised("\(prefix)conv_head", "\(prefix)bn2")
    case .classifier: return LayerNames(weight: "\(prefix)classifier.weight", offset: .bias("\(prefix)classifier.bias"))
    default: return nil
    }
  }
}

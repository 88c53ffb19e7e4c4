/// A family of checkpoints: one way of naming and storing the same network.
public enum Family: String, Codable, Hashable, Sendable, CaseIterable {
  case huggingFace = "hugging-face"
  case tfDeepLab = "tf-deeplab"
  case tfLite = "tflite"
  case tfObjectDetection = "tf-object-detection"
  case tfSlim = "tf-slim"
  case timm
  case torchvision

  /// The family whose tell-tale names occur, or `nil`.
  ///
  /// TensorFlow Lite files are told by their operators instead.
  static func of(_ names: Set<String>) -> Family? {
    if names.contains(where: { $0.hasPrefix("FeatureExtractor/MobilenetV2/") || $0.hasPrefix("BoxPredictor_") }) {
      return .tfObjectDetection
    }
    if names.contains(where: { $0.hasPrefix("MobilenetV2/") }) {
      let head = ["image_pooling/", "aspp0/", "concat_projection/", "logits/semantic/"]
      return names.contains { name in head.contains { name.hasPrefix($0) } } ? .tfDeepLab : .tfSlim
    }
    if names.contains(where: { $0.contains("conv_stem.first_conv.") || $0.contains("conv_stem.conv_3x3.") }) {
      return .huggingFace
    }
    if names.contains("conv_stem.weight"), names.contains(where: { $0.hasPrefix("blocks.") }) { return .timm }
    if names.contains(where: { $0.hasPrefix("features.0.") }) { return .torchvision }
    return nil
  }

  /// How weights are stored.
  var layout: Layout {
    switch self {
    case .huggingFace, .timm, .torchvision: .torch
    case .tfDeepLab, .tfObjectDetection, .tfSlim: .tensorFlow
    case .tfLite: .tfLite
    }
  }
}

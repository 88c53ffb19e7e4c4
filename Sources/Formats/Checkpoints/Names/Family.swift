import ModelFiles

/// A family of checkpoints: a convention of names and layouts for the same network.
public enum Family: String, Codable, Hashable, Sendable, CaseIterable {
  /// Hugging Face's Transformers, with PyTorch's layouts: MobileNetV1 and MobileNetV2.
  case huggingFace = "hugging-face"
  /// Keras Applications saved as safetensors, with TensorFlow's layouts: MobileNetV1 and MobileNetV2.
  case keras
  /// TensorFlow's DeepLab: MobileNetV2 with a segmentation head.
  case tfDeepLab = "tf-deeplab"
  /// TensorFlow Lite, told by its file format, with a network recognised by its operators.
  case tfLite = "tflite"
  /// The TensorFlow Object Detection API: SSDLite on MobileNetV2.
  case tfObjectDetection = "tf-object-detection"
  /// TF-slim: MobileNetV1 and MobileNetV2.
  case tfSlim = "tf-slim"
  /// timm, with PyTorch's layouts: MobileNetV2.
  case timm
  /// torchvision, with PyTorch's layouts: MobileNetV2.
  case torchvision

  /// The family with characteristic names among these, or `nil`.
  ///
  /// TensorFlow Lite files are recognised by their operators instead.
  static func of(_ names: Set<String>) -> Family? {
    if names.contains(where: { $0.hasPrefix("FeatureExtractor/Mobilenet") || $0.hasPrefix("BoxPredictor_") }) {
      return .tfObjectDetection
    }
    if names.contains(where: { $0.hasPrefix("MobilenetV1/") }) { return .tfSlim }
    if names.contains(where: { $0.hasPrefix("MobilenetV2/") }) {
      let head = ["image_pooling/", "aspp0/", "concat_projection/", "logits/semantic/"]
      return names.contains { name in head.contains { name.hasPrefix($0) } } ? .tfDeepLab : .tfSlim
    }
    func has(_ marks: [String]) -> Bool { names.contains { name in marks.contains { name.contains($0) } } }
    if has(["conv_stem.first_conv.", "conv_stem.conv_3x3.", "conv_stem.convolution."]) { return .huggingFace }
    if has(["conv_dw_1/", "expanded_conv_depthwise/"]) { return .keras }
    if names.contains("conv_stem.weight"), names.contains(where: { $0.hasPrefix("blocks.") }) { return .timm }
    if names.contains(where: { $0.hasPrefix("features.0.") }) { return .torchvision }
    return nil
  }

  /// The network with characteristic names among these.
  static func network(_ names: Set<String>) -> NetworkFamily {
    let first = names.contains { name in
      name.hasPrefix("MobilenetV1/") || name.hasPrefix("FeatureExtractor/MobilenetV1/")
        || name.contains("conv_stem.convolution.") || name.contains("conv_dw_1/")
    }
    return first ? .mobileNetV1 : .mobileNetV2
  }

  /// The layout of the weights.
  var layout: Layout {
    switch self {
    case .huggingFace, .timm, .torchvision: .torch
    case .keras, .tfDeepLab, .tfObjectDetection, .tfSlim: .tensorFlow
    case .tfLite: .tfLite
    }
  }
}

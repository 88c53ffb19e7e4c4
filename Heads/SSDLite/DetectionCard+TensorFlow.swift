import ModelFiles

extension DetectionCard {
  /// The conventions of the TensorFlow Object Detection API's SSD and SSDLite.
  ///
  /// - Parameter outputs: classes, the background included, 1 to 100,000.
  package static func tensorFlow(outputs: Int, _ convolutions: Convolutions? = nil) -> DetectionCard {
    DetectionCard(
      outputs: outputs, scoreActivation: .sigmoid, backgroundOutput: 0, boxCoder: [10, 10, 5, 5], minimumScale: 0.2,
      maximumScale: 0.95, maps: SSDLite.maps, scoreThreshold: 1e-8, iouThreshold: 0.6, maximumDetections: 100,
      convolutions: convolutions)
  }
}

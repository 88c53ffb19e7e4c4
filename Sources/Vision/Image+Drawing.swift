import Overlay
import Postprocess
import Tensors

extension Detection {
  /// The words and the colour that it is drawn with: its label and score, and a colour of its class.
  public var annotation: Annotation {
    let hundredths = Int((min(max(score.isNaN ? 0 : score, 0), 1) * 100).rounded())
    let digits = hundredths % 100 < 10 ? "0\(hundredths % 100)" : "\(hundredths % 100)"
    return Annotation(box: box, text: "\(label) \(hundredths / 100).\(digits)", colourIndex: id)
  }
}

extension Image {
  /// The image with boxes, labels and scores drawn on it, as the program `detect` draws them.
  ///
  /// - Complexity: O(pixels).
  public func drawing(_ detections: [Detection]) -> Image {
    var image = self
    Overlay.drawBoxes(detections.map(\.annotation), on: &image)
    return image
  }

  /// The image with the colours of a mask mixed in; class 0, the background, stays as it is.
  ///
  /// - Parameters:
  ///   - mask: of the image's size, as a segmenter gives it; one of another size is left out.
  ///   - opacity: how much of the class colour shows; what lies outside [0, 1] counts as the nearer end.
  /// - Complexity: O(pixels).
  public func drawing(_ mask: Mask, opacity: Float = 0.5) -> Image {
    var image = self
    guard mask.width == width, mask.height == height else { return image }
    Overlay.blend(mask, into: &image, opacity: opacity.isNaN ? 0 : min(max(opacity, 0), 1))
    return image
  }
}

import ImageTypes

/// A confusion matrix of pixels or whole pictures: counts of ground-truth class against predicted class.
///
/// All metrics of segmentation follow from it, each by one division of whole numbers. Where pictures are counted, a
/// picture stands for a pixel.
public struct ConfusionMatrix: Hashable, Sendable {
  /// The number of classes.
  public let classes: Int
  /// `classes` rows, by the ground-truth class, of `classes + 1` counts, by the predicted class.
  ///
  /// The last column is for predictions that are not a class.
  private var counts: [Int]

  /// Creates a matrix of zeros, for 1 to 256 classes.
  public init(classes: Int) {
    precondition((1...256).contains(classes), "\(classes) classes, expected 1 to 256")
    self.classes = classes
    counts = [Int](repeating: 0, count: classes * (classes + 1))
  }

  /// Counts the pixels of a picture.
  ///
  /// - Parameters:
  ///   - truth: ids of `classes` or more (the ignore index is 255) are left out.
  ///   - prediction: of the same size; ids of `classes` or more are wrong wherever the ground truth has a class.
  /// - Complexity: O(pixels).
  public mutating func add(truth: Mask, prediction: Mask) {
    precondition(
      truth.width == prediction.width && truth.height == prediction.height,
      "a prediction of \(prediction.width)x\(prediction.height) for a truth of \(truth.width)x\(truth.height)")
    // A table of all pairs of bytes, so that the loop over the pixels has no branch.
    var pairs = [Int](repeating: 0, count: 1 << 16)
    let a = truth.ids.span, b = prediction.ids.span
    for index in a.indices { pairs[Int(a[index]) << 8 | Int(b[index])] += 1 }
    for actual in 0..<classes {
      for predicted in 0..<256 {
        counts[actual * (classes + 1) + min(predicted, classes)] += pairs[actual << 8 | predicted]
      }
    }
  }

  /// Counts a picture as a whole.
  ///
  /// - Parameters:
  ///   - truth: its ground-truth class.
  ///   - prediction: its predicted class; `nil` for none of these classes.
  public mutating func add(truth: Int, prediction: Int?) {
    precondition((0..<classes).contains(truth) && (0..<classes).contains(prediction ?? 0), "a class beyond \(classes)")
    counts[truth * (classes + 1) + (prediction ?? classes)] += 1
  }

  /// Adds the counts of another matrix of as many classes.
  public mutating func add(_ other: ConfusionMatrix) {
    precondition(other.classes == classes, "\(other.classes) classes, expected \(classes)")
    for index in counts.indices { counts[index] += other.counts[index] }
  }

  /// Pixels of the class `truth` predicted as the class `prediction`; `classes` stands for none.
  public func count(truth: Int, prediction: Int) -> Int { counts[truth * (classes + 1) + prediction] }

  /// Pixels with a ground truth of a class.
  public func truePixels(_ index: Int) -> Int { (0...classes).reduce(0) { $0 + count(truth: index, prediction: $1) } }

  /// Pixels predicted as a class.
  public func predictedPixels(_ index: Int) -> Int {
    (0..<classes).reduce(0) { $0 + count(truth: $1, prediction: index) }
  }

  /// All pixels counted.
  public var pixels: Int { counts.reduce(0, +) }

  private var rightPixels: Int { (0..<classes).reduce(0) { $0 + count(truth: $1, prediction: $1) } }

  /// Intersection over union of a class; `nil` where it is in neither the ground truth nor the predictions.
  public func iou(_ index: Int) -> Double? {
    let both = count(truth: index, prediction: index)
    return ConfusionMatrix.ratio(both, truePixels(index) + predictedPixels(index) - both)
  }

  /// The mean of the IoUs that exist (mIoU).
  public var meanIoU: Double? { ConfusionMatrix.mean((0..<classes).compactMap(iou)) }

  /// The share of a class's pixels predicted as that class; `nil` where it has none.
  public func accuracy(_ index: Int) -> Double? {
    ConfusionMatrix.ratio(count(truth: index, prediction: index), truePixels(index))
  }

  /// The mean of the accuracies that exist.
  public var meanAccuracy: Double? { ConfusionMatrix.mean((0..<classes).compactMap(accuracy)) }

  /// The share of all pixels predicted as their class.
  public var pixelAccuracy: Double? { ConfusionMatrix.ratio(rightPixels, pixels) }

  private static func ratio(_ part: Int, _ whole: Int) -> Double? { whole == 0 ? nil : Double(part) / Double(whole) }

  private static func mean(_ values: [Double]) -> Double? { values.isEmpty ? nil : values.mean }
}

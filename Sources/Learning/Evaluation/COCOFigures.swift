/// COCO's figures for boxes.
///
/// A figure is a mean over the classes with a ground-truth box of its kind, and over the ten IoU thresholds unless its
/// name has one. It is `nil` where there is no such class. All are in [0, 1].
public struct COCOFigures: Hashable, Sendable {
  /// The figures of one class.
  public struct OfClass: Hashable, Sendable {
    /// The number of ground-truth boxes, without crowds and difficult ones.
    public let boxes: Int
    /// Average precisions by range of areas, then by threshold.
    let precision: [[Double]?]
    /// Recalls by threshold, with the 1, 10 and 100 best detections of all areas, then with 100 of each smaller range.
    let recall: [[Double]?]

    /// The mean over the thresholds; `nil` where there is no ground truth.
    public var ap: Double? { precision[0]?.mean }
    /// At an IoU of 0.5.
    public var ap50: Double? { precision[0]?[0] }
    /// At an IoU of 0.75.
    public var ap75: Double? { precision[0]?[5] }
    /// The recall with at most 100 detections a picture, mean over the thresholds.
    public var ar100: Double? { recall[2]?.mean }
  }

  /// The figures of each class, in the order of the class indices.
  public let classes: [OfClass]

  /// AP: average precision over all thresholds.
  public var ap: Double? { meanPrecision(.all) }
  /// AP50: average precision at an IoU of 0.5.
  public var ap50: Double? { meanPrecision(.all, threshold: 0) }
  /// AP75: average precision at an IoU of 0.75.
  public var ap75: Double? { meanPrecision(.all, threshold: 5) }
  /// AP of objects of up to 32x32 pixels.
  public var apSmall: Double? { meanPrecision(.small) }
  /// AP of objects of 32x32 to 96x96 pixels.
  public var apMedium: Double? { meanPrecision(.medium) }
  /// AP of objects of 96x96 pixels or more.
  public var apLarge: Double? { meanPrecision(.large) }
  /// AR1: average recall with the best detection of each class and picture.
  public var ar1: Double? { meanRecall(0) }
  /// AR10: average recall with the ten best detections of each class and picture.
  public var ar10: Double? { meanRecall(1) }
  /// AR100: average recall with the hundred best detections of each class and picture.
  public var ar100: Double? { meanRecall(2) }
  /// AR100 of objects of up to 32x32 pixels.
  public var arSmall: Double? { meanRecall(3) }
  /// AR100 of objects of 32x32 to 96x96 pixels.
  public var arMedium: Double? { meanRecall(4) }
  /// AR100 of objects of 96x96 pixels or more.
  public var arLarge: Double? { meanRecall(5) }

  /// The twelve figures in the order of COCO's own summary, with their names.
  public var all: [(name: String, value: Double?)] {
    [
      ("AP", ap), ("AP50", ap50), ("AP75", ap75), ("AP small", apSmall), ("AP medium", apMedium),
      ("AP large", apLarge), ("AR1", ar1), ("AR10", ar10), ("AR100", ar100), ("AR small", arSmall),
      ("AR medium", arMedium), ("AR large", arLarge),
    ]
  }

  private func meanPrecision(_ range: COCOEvaluation.AreaRange, threshold: Int? = nil) -> Double? {
    let values = classes.compactMap { $0.precision[range.rawValue] }
    return mean(threshold.map { place in values.map { [$0[place]] } } ?? values)
  }

  /// - Parameter column: of `OfClass.recall`.
  private func meanRecall(_ column: Int) -> Double? { mean(classes.compactMap { $0.recall[column] }) }

  private func mean(_ values: [[Double]]) -> Double? { values.isEmpty ? nil : values.flatMap { $0 }.mean }
}

/// A metric of a model, measured on images outside its training set.
public struct MeasuredFigure: Codable, Hashable, Sendable {
  /// The metric's name as evaluation reports it, for example `AP50` or `mean IoU`.
  public var metric: String
  /// The class of a metric by class; `nil` for all classes.
  public var className: String?
  /// The metric's value, a finite number; rates such as AP and IoU are in [0, 1].
  public var value: Double
  /// The number of images that it was measured on.
  public var images: Int

  /// Creates a figure; a valid one has a finite value and at least one image.
  public init(metric: String, className: String? = nil, value: Double, images: Int) {
    self.metric = metric
    self.className = className
    self.value = value
    self.images = images
  }

  var fault: String? {
    if metric.isEmpty || metric.utf8.count > 100 || metric.utf8.contains(where: { $0 < 0x20 || $0 == 0x7f }) {
      return "the card's figures have a metric whose name is empty, too long, or has control characters"
    }
    if !value.isFinite { return "the card's figure \(metric) is \(value), expected a finite number" }
    if images < 1 { return "the card's figure \(metric) is of \(images) images, expected at least 1" }
    return nil
  }
}

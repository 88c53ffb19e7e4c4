/// The shape of a dense `[N, H, W, C]` tensor, with channels contiguous.
public struct Shape: Hashable, Sendable, CustomStringConvertible {
  /// Images in the batch.
  public let batch: Int
  /// Rows.
  public let height: Int
  /// Columns.
  public let width: Int
  /// Channels of one pixel, contiguous in memory.
  public let channels: Int

  /// Creates a shape; every extent must be at least 1 and the element count must fit in `Int32`.
  public init(batch: Int = 1, height: Int, width: Int, channels: Int) {
    precondition(
      batch > 0 && height > 0 && width > 0 && channels > 0,
      "a shape needs positive extents, got [\(batch), \(height), \(width), \(channels)]")
    self.batch = batch
    self.height = height
    self.width = width
    self.channels = channels
    precondition(Shape.elementCount(of: [batch, height, width, channels]) != nil, "shape \(self) is too large")
  }

  /// The number of elements of a tensor with these extents, or `nil` where it is negative or exceeds `Int32.max`.
  package static func elementCount(of extents: [Int]) -> Int? {
    var count = 1
    for extent in extents {
      guard extent >= 0 else { return nil }
      let (product, overflow) = count.multipliedReportingOverflow(by: extent)
      guard !overflow, product <= Int(Int32.max) else { return nil }
      count = product
    }
    return count
  }

  /// The number of elements.
  public var count: Int { batch * height * width * channels }

  /// The pixels of one image.
  public var pixels: Int { height * width }

  /// The extents in NHWC order.
  public var extents: [Int] { [batch, height, width, channels] }

  /// The same shape with another number of channels.
  public func with(channels: Int) -> Shape {
    Shape(batch: batch, height: height, width: width, channels: channels)
  }

  /// The extents in NHWC order, such as `[1, 224, 224, 3]`.
  public var description: String { "[\(batch), \(height), \(width), \(channels)]" }
}

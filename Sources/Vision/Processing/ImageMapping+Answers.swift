import ImageTypes
import Tensors

extension ImageMapping {
  /// A network's box in the picture's pixels, clipped to the picture.
  ///
  /// A box outside the picture is returned without extent, and its `isProper` is false.
  ///
  /// - Parameter box: relative to the network's input, 0 ... 1 on both axes.
  public func toImage(_ box: Box) -> Box {
    Box(
      x1: horizontal.imagePosition(ofRelative: box.x1), y1: vertical.imagePosition(ofRelative: box.y1),
      x2: horizontal.imagePosition(ofRelative: box.x2), y2: vertical.imagePosition(ofRelative: box.y2))
  }
}

extension ArgmaxUpsampler {
  /// Prepares for masks at a picture's own size from logits that cover the network's input.
  ///
  /// Each pixel of the picture is mapped to its place in the input and from there to its place among the logits, so the
  /// low-resolution logits are interpolated once. For a picture of exactly the input's size this is the network's own
  /// upsampling. Padding never shows, and cropped pixels get the nearest class.
  ///
  /// - Parameters:
  ///   - mapping: the picture's place in the input.
  ///   - upsampling: the sampling grid of the network's own upsampling.
  ///   - height: rows of the logits.
  ///   - width: columns of the logits.
  ///   - classes: channels of the logits, in 1...256.
  ///   - part: the mask's part of the picture; `nil` for all of it.
  public init(
    _ mapping: ImageMapping, upsampling: SamplingGrid, height: Int, width: Int, classes: Int, part: ImageRegion? = nil
  ) {
    var rows = mapping.vertical.taps(map: height, upsampling: upsampling, grid: mapping.grid)
    var columns = mapping.horizontal.taps(map: width, upsampling: upsampling, grid: mapping.grid)
    if let part { (rows, columns) = (rows.extracting(part.rows), columns.extracting(part.columns)) }
    self.init(rows: rows, columns: columns, classes: classes)
  }
}

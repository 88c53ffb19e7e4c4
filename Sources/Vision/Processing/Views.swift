import ImageTypes

/// The views of an image: the regions that a network runs on, one after another.
///
/// Source: Akyon et al.: Slicing Aided Hyper Inference (SAHI), ICIP 2022.
public enum Views: Hashable, Sendable {
  /// Squares for wide and long images, at an aspect ratio of 1.4:1 or more, and the whole image for all others.
  case auto
  /// The whole image.
  case whole
  /// The whole image, and overlapping squares whose side is the image's shorter one.
  case squares
  /// The whole image, and overlapping square windows ("sliced inference"), for objects that are small in a large image.
  ///
  /// Windows are no larger than the image. Numbers are bounded to their ranges.
  ///
  /// - Parameters:
  ///   - size: pixels a side, at least 1.
  ///   - overlap: the least overlap of neighbouring windows relative to their side, in [0, 0.9].
  case slices(size: Int, overlap: Double)

  /// A window's side that suits networks with inputs of 300 to 640 pixels.
  public static let usualSliceSize = 640
  /// SAHI's default overlap.
  public static let usualOverlap = 0.2
}

/// One of an image's views.
package struct View: Hashable, Sendable {
  /// The network's region of the image.
  package let region: ImageRegion
  /// The view's cell of the mask, inside `region`; `nil` for none.
  package let cell: ImageRegion?
  /// The edges of the region that lie inside the image and so may cut an object.
  package let inner: Edges

  /// Edges of a rectangle.
  package struct Edges: OptionSet, Hashable, Sendable {
    /// A bit for each edge.
    package let rawValue: UInt8

    /// Creates a set of edges from its bits.
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    /// The left edge.
    package static let left = Edges(rawValue: 1)
    /// The top edge.
    package static let top = Edges(rawValue: 2)
    /// The right edge.
    package static let right = Edges(rawValue: 4)
    /// The bottom edge.
    package static let bottom = Edges(rawValue: 8)
  }

  /// Whether an inner edge of the view cuts a box.
  ///
  /// The predicted box of a cut object ends just before the edge, so 3% of the shorter side count as touching.
  ///
  /// - Parameter box: in pixels of the image.
  package func cuts(_ box: Box) -> Bool {
    let near = 0.03 * Float(min(region.width, region.height))
    return inner.contains(.left) && box.x1 < Float(region.x) + near
      || inner.contains(.top) && box.y1 < Float(region.y) + near
      || inner.contains(.right) && box.x2 > Float(region.columns.upperBound) - near
      || inner.contains(.bottom) && box.y2 > Float(region.rows.upperBound) - near
  }
}

/// The views of one image: the whole image, and a grid of overlapping windows where it is divided.
///
/// A mask consists of the windows' cells, a partition of the image whose borders lie in the middle of the overlaps:
/// each pixel belongs to the window whose centre is nearest.
package struct ViewLayout: Hashable, Sendable {
  /// The overlap of neighbouring squares, relative to their side.
  ///
  /// A standing person is about as wide, and so lies whole in one square.
  static let squareOverlap = 0.4
  /// The greatest number of windows along a side of `squares`.
  ///
  /// A longer image has longer windows, so that an image one pixel high is not divided into thousands.
  static let squareLimit = 8

  /// The whole image first, then the windows in rows from the top.
  package let views: [View]

  /// Whether there are windows besides the whole image.
  package var isDivided: Bool { views.count > 1 }

  /// The layout of an image's views.
  ///
  /// - Parameters:
  ///   - width, height: of the image, at least 1.
  ///   - inputWidth, inputHeight: of the network's input. `squares` are windows of its aspect ratio, and an image is
  ///     wide or long where its own differs from it by 1.4:1 or more.
  package init(_ views: Views, width: Int, height: Int, inputWidth: Int = 1, inputHeight: Int = 1) {
    // The image's aspect ratio relative to the input's, as a fraction.
    let (across, down) = (width * inputHeight, height * inputWidth)
    let columns: [Range<Int>]
    let rows: [Range<Int>]
    switch views {
    case .whole: (columns, rows) = ([0..<width], [0..<height])
    case .auto where 5 * max(across, down) < 7 * min(across, down): (columns, rows) = ([0..<width], [0..<height])
    case .auto, .squares:
      columns = Self.squares(of: down / inputHeight, over: width)
      rows = Self.squares(of: across / inputWidth, over: height)
    case .slices(let size, let overlap):
      let overlap = overlap > 0 ? min(overlap, 0.9) : 0
      columns = Self.windows(of: min(max(size, 1), width), over: width, overlap: overlap)
      rows = Self.windows(of: min(max(size, 1), height), over: height, overlap: overlap)
    }
    let whole = ImageRegion(x: 0, y: 0, width: width, height: height)
    guard columns.count > 1 || rows.count > 1 else {
      self.views = [View(region: whole, cell: whole, inner: [])]
      return
    }
    let columnCells = Self.cells(columns)
    let rowCells = Self.cells(rows)
    var all = [View(region: whole, cell: nil, inner: [])]
    for (rowCell, row) in zip(rowCells, rows) {
      for (columnCell, column) in zip(columnCells, columns) {
        var inner: View.Edges = []
        if column.lowerBound > 0 { inner.insert(.left) }
        if row.lowerBound > 0 { inner.insert(.top) }
        if column.upperBound < width { inner.insert(.right) }
        if row.upperBound < height { inner.insert(.bottom) }
        all.append(
          View(
            region: ImageRegion(columns: column, rows: row), cell: ImageRegion(columns: columnCell, rows: rowCell),
            inner: inner))
      }
    }
    self.views = all
  }

  /// The windows of `squares` along an axis.
  private static func squares(of side: Int, over extent: Int) -> [Range<Int>] {
    windows(of: min(max(side, 1), extent), over: extent, overlap: squareOverlap, limit: squareLimit)
  }

  /// The fewest windows of one size, evenly spread, that cover an axis with at least that overlap.
  ///
  /// - Parameters:
  ///   - size: at most `extent`.
  ///   - overlap: in [0, 0.9].
  ///   - limit: the greatest number of windows; where more would be needed, they are longer.
  private static func windows(of size: Int, over extent: Int, overlap: Double, limit: Int = .max) -> [Range<Int>] {
    guard size < extent else { return [0..<extent] }
    let step = max(Int((Double(size) * (1 - overlap)).rounded(.down)), 1)
    let needed = 1 + (extent - size + step - 1) / step
    let count = min(needed, limit)
    let size = needed > limit ? Int((Double(extent) / (1 + Double(limit - 1) * (1 - overlap))).rounded(.up)) : size
    return (0..<count).map { index in
      let start = (extent - size) * index / (count - 1)
      return start..<start + size
    }
  }

  /// The cells of the windows along an axis.
  private static func cells(_ windows: [Range<Int>]) -> [Range<Int>] {
    windows.indices.map { index in
      let begin = index == 0 ? 0 : (windows[index - 1].upperBound + windows[index].lowerBound) / 2
      let end =
        index == windows.count - 1
        ? windows[index].upperBound : (windows[index].upperBound + windows[index + 1].lowerBound) / 2
      return begin..<end
    }
  }
}

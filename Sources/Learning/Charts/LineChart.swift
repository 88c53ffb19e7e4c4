import ImageTypes
import Overlay

/// A chart of curves over a common axis: losses and metrics over steps, precision over recall.
package struct LineChart: Sendable {
  /// One curve.
  package struct Series: Hashable, Sendable {
    package struct Point: Hashable, Sendable {
      package var x, y: Double

      package init(x: Double, y: Double) {
        self.x = x
        self.y = y
      }
    }

    /// The curve's name in the legend.
    package var name: String
    /// The points in the order of the line; a point that is not finite makes a gap.
    package var points: [Point]
    /// The window of the moving average, in points.
    ///
    /// With a window above 1 the points themselves are drawn faintly behind the curve.
    package var window: Int

    package init(name: String, points: [Point], window: Int = 1) {
      self.name = name
      self.points = points
      self.window = window
    }

    /// A curve of values at 0, 1, 2 and so on.
    package init(name: String, values: [Double], window: Int = 1) {
      self.init(
        name: name, points: values.enumerated().map { Point(x: Double($0.offset), y: $0.element) }, window: window)
    }

    /// The centred moving average of the points.
    ///
    /// At the ends the window shrinks symmetrically.
    package var smoothed: [Point] {
      guard window > 1 else { return points }
      var sums = [0.0]
      for point in points { sums.append(sums[sums.count - 1] + (point.y.isFinite ? point.y : 0)) }
      return points.indices.map { index in
        let half = min(window / 2, index, points.count - 1 - index)
        let sum = sums[index + half + 1] - sums[index - half]
        return Point(x: points[index].x, y: points[index].y.isFinite ? sum / Double(2 * half + 1) : .nan)
      }
    }
  }

  package var title, xName, yName: String
  package var series: [Series]
  /// The ranges of the axes; `nil` for the range of the points.
  package var xRange, yRange: ClosedRange<Double>?
  /// The size of the image in pixels, at least 320 by 200.
  package var width = 960, height = 600
  /// Whether the x axis is logarithmic; all x must then be above 0.
  package var hasLogarithmicX = false

  package init(
    title: String, xName: String, yName: String, series: [Series], xRange: ClosedRange<Double>? = nil,
    yRange: ClosedRange<Double>? = nil
  ) {
    self.title = title
    self.xName = xName
    self.yName = yName
    self.series = series
    self.xRange = xRange
    self.yRange = yRange
  }

  /// The image.
  ///
  /// - Complexity: O(pixels + points, and the pixels that the curves touch).
  package var image: Image {
    precondition(width >= 320 && height >= 200, "a chart of \(width)x\(height)")
    var image = Image(width: width, height: height, red: 255, green: 255, blue: 255)
    let layout = Layout(self)
    layout.drawFrame(on: &image, self)
    for index in series.indices { draw(index, layout, on: &image) }
    if layout.hasLegend { layout.drawLegend(on: &image, self) }
    return image
  }

  private func draw(_ index: Int, _ layout: Layout, on image: inout Image) {
    let colour = LineChart.colour(index)
    if series[index].window > 1 {
      var faint = Coverage(layout.plot.inset(by: -2))
      stroke(series[index].points, layout, dash: nil, thickness: 1.2, on: &faint)
      faint.paint(&image, colour, opacity: 0.25)
    }
    var line = Coverage(layout.plot.inset(by: -2))
    stroke(series[index].smoothed, layout, dash: LineChart.dash(index), thickness: 2.2, on: &line)
    line.paint(&image, colour)
  }

  private func stroke(
    _ points: [Series.Point], _ layout: Layout, dash: [Float]?, thickness: Float, on line: inout Coverage
  ) {
    var pen = Dash(dash)
    var last: (x: Float, y: Float)?
    var alone = true
    for point in points {
      guard point.x.isFinite, point.y.isFinite else {
        if let last, alone { line.add(from: last, to: last, thickness: 2 * thickness) }
        (last, alone) = (nil, true)
        continue
      }
      let next = layout.place(point)
      if let last {
        pen.pieces(from: last, to: next) { line.add(from: $0, to: $1, thickness: thickness) }
        alone = false
      }
      last = next
    }
    // A point without neighbours is a dot.
    if let last, alone { line.add(from: last, to: last, thickness: 2 * thickness) }
  }

  /// The colour of a curve.
  ///
  /// The colours repeat, the second time dashed and the third time dotted.
  package static func colour(_ index: Int) -> Colour { Ink.curves[index % Ink.curves.count] }

  static func dash(_ index: Int) -> [Float]? {
    [nil, [8, 5], [2, 4]][index / Ink.curves.count % 3]
  }
}

/// The dash pattern of a line.
package struct Dash {
  /// The lengths of dashes and gaps in pixels; `nil` for a solid line.
  private let lengths: [Float]?
  private var isDown = true
  private var left: Float

  package init(_ lengths: [Float]?) {
    self.lengths = lengths
    left = lengths?[0] ?? 0
  }

  /// The dashes of a straight segment.
  package mutating func pieces(
    from a: (x: Float, y: Float), to b: (x: Float, y: Float),
    _ body: ((x: Float, y: Float), (x: Float, y: Float)) -> Void
  ) {
    guard let lengths else { return body(a, b) }
    let dx = b.x - a.x, dy = b.y - a.y
    let length = (dx * dx + dy * dy).squareRoot()
    // A segment far outside the chart is not divided into dashes.
    guard length > 0, length < 1e5 else { return }
    func at(_ distance: Float) -> (x: Float, y: Float) {
      (a.x + dx * distance / length, a.y + dy * distance / length)
    }
    var done: Float = 0
    while done < length {
      let end = min(done + left, length)
      if isDown { body(at(done), at(end)) }
      left -= end - done
      done = end
      // A remainder below the resolution of positions far along the line counts as zero.
      if left < 0.05 {
        isDown.toggle()
        left = lengths[isDown ? 0 : 1]
      }
    }
  }
}

import ImageTypes
import Overlay

/// A scatter chart of labelled points, such as accuracy over cost.
package struct ScatterChart: Sendable {
  /// Points of one kind.
  package struct Series: Hashable, Sendable {
    package struct Point: Hashable, Sendable {
      package var x, y: Double
      /// The label beside the point; empty for none.
      package var label: String

      package init(x: Double, y: Double, label: String = "") {
        self.x = x
        self.y = y
        self.label = label
      }
    }

    /// The points' name in the legend.
    package var name: String
    /// The points; a point that is not finite is left out.
    package var points: [Point]
    /// Whether a thin line connects the points in their order.
    package var isJoined: Bool

    package init(name: String, points: [Point], isJoined: Bool = false) {
      self.name = name
      self.points = points
      self.isJoined = isJoined
    }
  }

  package var title, xName, yName: String
  package var series: [Series]
  /// Whether the x axis is logarithmic; all x must then be above 0.
  package var hasLogarithmicX: Bool
  /// The size of the image in pixels, at least 320 by 200.
  package var width = 960, height = 600

  /// The diameter of a point in pixels.
  static let dot: Float = 9

  package init(title: String, xName: String, yName: String, series: [Series], hasLogarithmicX: Bool = false) {
    self.title = title
    self.xName = xName
    self.yName = yName
    self.series = series
    self.hasLogarithmicX = hasLogarithmicX
  }

  /// The image.
  ///
  /// - Complexity: O(pixels + points · labels).
  package var image: Image {
    precondition(width >= 320 && height >= 200, "a chart of \(width)x\(height)")
    var image = Image(width: width, height: height, red: 255, green: 255, blue: 255)
    let frame = frame
    let layout = LineChart.Layout(frame)
    layout.drawFrame(on: &image, frame)
    for index in series.indices {
      let places = places(index, layout)
      if series[index].isJoined {
        var line = Coverage(layout.plot.inset(by: -2))
        for (from, to) in zip(places, places.dropFirst()) { line.add(from: from, to: to, thickness: 1.6) }
        line.paint(&image, LineChart.colour(index), opacity: 0.55)
      }
      var dots = Coverage(layout.plot.inset(by: -6))
      for place in places { dots.add(from: place, to: place, thickness: ScatterChart.dot) }
      dots.paint(&image, LineChart.colour(index))
    }
    for label in labels(layout) { image.write(label.line, x: label.rect.left, top: label.rect.top, label.colour) }
    if layout.hasLegend { layout.drawLegend(on: &image, frame, dots: true) }
    return image
  }

  /// The line chart with the axes, the names and the legend.
  package var frame: LineChart {
    let curves = series.map { one -> LineChart.Series in
      let points = ScatterChart.drawn(one).map { LineChart.Series.Point(x: $0.x, y: $0.y) }
      return LineChart.Series(name: one.name, points: points)
    }
    var frame = LineChart(title: title, xName: xName, yName: yName, series: curves)
    (frame.width, frame.height, frame.hasLogarithmicX) = (width, height, hasLogarithmicX)
    // The axis would hide points on it, and labels need space above the highest point.
    let all = curves.flatMap(\.points)
    if !hasLogarithmicX { frame.xRange = ScatterChart.widened(all.map(\.x), below: 0.05, above: 0.05) }
    frame.yRange = ScatterChart.widened(all.map(\.y), below: 0.05, above: 0.08)
    return frame
  }

  /// The range of the values, extended on both sides by fractions of its extent; `nil` without an extent.
  private static func widened(_ values: [Double], below: Double, above: Double) -> ClosedRange<Double>? {
    guard let low = values.min(), let high = values.max(), low < high else { return nil }
    return low - (high - low) * below...high + (high - low) * above
  }

  /// The finite points.
  private static func drawn(_ series: Series) -> [Series.Point] {
    series.points.filter { $0.x.isFinite && $0.y.isFinite }
  }

  private func places(_ index: Int, _ layout: LineChart.Layout) -> [(x: Float, y: Float)] {
    ScatterChart.drawn(series[index]).map { layout.place(.init(x: $0.x, y: $0.y)) }
  }

  /// The placement of the labels beside their points, inside the plot, with the least overlap of points and other
  /// labels.
  package func labels(_ layout: LineChart.Layout) -> [(line: TextLine, rect: PixelRect, colour: Colour)] {
    let half = Int(ScatterChart.dot / 2) + 1
    var taken: [PixelRect] = []
    for index in series.indices {
      for place in places(index, layout) {
        let (x, y) = (Int(place.x), Int(place.y))
        taken.append(PixelRect(left: x - half, top: y - half, right: x + half, bottom: y + half))
      }
    }
    var labels: [(line: TextLine, rect: PixelRect, colour: Colour)] = []
    for index in series.indices {
      for (point, place) in zip(ScatterChart.drawn(series[index]), places(index, layout)) where !point.label.isEmpty {
        let line = TextLine(point.label, scale: Ink.small)
        let candidates = ScatterChart.candidates(
          width: line.width, height: line.height, middle: line.middle, x: Int(place.x), y: Int(place.y), gap: half + 3)
        // Among candidates of equal overlap the earlier one wins.
        let costs = candidates.enumerated().map { cost($0.element, taken, layout.plot) + $0.offset }
        let rect = candidates[costs.firstIndex(of: costs.min()!)!]
        taken.append(rect)
        labels.append((line, rect, LineChart.colour(index)))
      }
    }
    return labels
  }

  private func cost(_ rect: PixelRect, _ taken: [PixelRect], _ plot: PixelRect) -> Int {
    let outside = rect.width * rect.height - ScatterChart.overlap(rect, plot)
    return taken.reduce(20 * outside) { $0 + ScatterChart.overlap(rect, $1) }
  }

  private static func overlap(_ a: PixelRect, _ b: PixelRect) -> Int {
    max(min(a.right, b.right) - max(a.left, b.left), 0) * max(min(a.bottom, b.bottom) - max(a.top, b.top), 0)
  }

  /// Places of a label around its point, the best first: right, left, above, below, and farther off.
  private static func candidates(width: Int, height: Int, middle: Int, x: Int, y: Int, gap: Int) -> [PixelRect] {
    func rect(_ left: Int, _ top: Int) -> PixelRect {
      PixelRect(left: left, top: top, right: left + width, bottom: top + height)
    }
    let level = y - middle
    return [0, height / 2, height, 2 * height].flatMap { far in
      [
        rect(x + gap, level + far), rect(x + gap, level - far), rect(x - gap - width, level - far),
        rect(x - gap - width, level + far), rect(x - width / 2, y - gap - height - far),
        rect(x - width / 2, y + gap + far),
      ]
    }
  }
}

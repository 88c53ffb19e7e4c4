import ImageTypes
import Overlay

extension LineChart {
  /// The layout of a chart.
  package struct Layout {
    private static let margin = 16
    private static let tick = 5
    private static let gap = 7
    private static let sample = 26

    /// The plot area of the curves.
    package let plot: PixelRect
    let hasLegend: Bool
    private let x, y: Axis
    private let legend: [TextLine]
    private let rowHeight: Int

    package init(_ chart: LineChart) {
      let small = TextLine("0", scale: Ink.small), name = TextLine("0", scale: Ink.name)
      let title = TextLine("0", scale: Ink.title)
      rowHeight = small.height + 4
      hasLegend = chart.series.count > 1
      let top = Layout.margin + (chart.title.isEmpty ? 0 : title.height + Layout.margin / 2)
      var bottom = chart.height - Layout.margin - small.height - Layout.gap - Layout.tick
      if !chart.xName.isEmpty { bottom -= name.height + Layout.gap }
      // Long names and surplus rows must not shrink the plot.
      let rows = max((bottom - top) / rowHeight, 1)
      let names = chart.series.map(\.name)
      let kept = names.count <= rows ? names : names.prefix(rows - 1) + ["and \(names.count - rows + 1) more"]
      legend = hasLegend ? kept.map { Layout.fit($0, chart.width / 3) } : []

      let points = chart.series.flatMap(\.points).filter { $0.x.isFinite && $0.y.isFinite }
      func range(_ values: [Double]) -> ClosedRange<Double> { (values.min() ?? 0)...(values.max() ?? 1) }
      let yCount = max((bottom - top) / (3 * small.height), 2)
      y = Axis(chart.yRange ?? range(points.map(\.y)), count: yCount, widened: chart.yRange == nil)
      let yWidth = y.ticks.map { TextLine($0.text, scale: Ink.small).width }.max() ?? 0
      var left = Layout.margin + yWidth + Layout.gap + Layout.tick
      if !chart.yName.isEmpty { left += name.height + Layout.gap }

      let xRange = chart.xRange ?? range(points.map(\.x))
      // The number of ticks depends on the widest label, and the labels on the number of ticks. Two rounds suffice.
      let trial = Axis(xRange, count: 8, widened: false)
      let xWidth = trial.ticks.map { TextLine($0.text, scale: Ink.small).width }.max() ?? 0
      var right = chart.width - max(Layout.margin, xWidth / 2 + 12)
      if let widest = legend.map(\.width).max() {
        right = chart.width - 2 * Layout.margin - Layout.sample - Layout.gap - widest
      }
      x =
        chart.hasLogarithmicX
        ? Axis(logarithmic: xRange)
        : Axis(xRange, count: min(max((right - left) / (xWidth + 40), 2), 12), widened: false)
      plot = PixelRect(left: left, top: top, right: max(right, left + 40), bottom: max(bottom, top + 40))
    }

    /// A text shortened to a width.
    static func fit(_ text: String, _ width: Int) -> TextLine {
      var kept = String(text.prefix(200))
      var line = TextLine(kept, scale: Ink.small)
      while line.width > width, !kept.isEmpty {
        kept.removeLast()
        line = TextLine(kept + "..", scale: Ink.small)
      }
      return line
    }

    /// The pixel of a point; coordinates far outside are clamped.
    package func place(_ point: Series.Point) -> (x: Float, y: Float) {
      let across = min(max(x.place(point.x), -100), 100), up = min(max(y.place(point.y), -100), 100)
      return (
        Float(plot.left) + Float(across) * Float(plot.width), Float(plot.bottom) - Float(up) * Float(plot.height)
      )
    }

    /// Title, names, grid and ticks.
    func drawFrame(on image: inout Image, _ chart: LineChart) {
      let middle = (plot.left + plot.right) / 2
      image.write(TextLine(chart.title, scale: Ink.title), x: middle, top: Layout.margin, align: 0.5)
      for tick in y.ticks {
        let row = Int(place(Series.Point(x: x.range.lowerBound, y: tick.value)).y.rounded())
        image.fill(PixelRect(left: plot.left, top: row, right: plot.right, bottom: row + 1), Ink.grid)
        image.fill(PixelRect(left: plot.left - Layout.tick, top: row, right: plot.left, bottom: row + 1), Ink.axis)
        let line = TextLine(tick.text, scale: Ink.small)
        image.write(line, x: plot.left - Layout.tick - Layout.gap, top: row - line.middle, align: 1, Ink.soft)
      }
      for tick in x.ticks {
        let column = Int(place(Series.Point(x: tick.value, y: y.range.lowerBound)).x.rounded())
        image.fill(PixelRect(left: column, top: plot.top, right: column + 1, bottom: plot.bottom), Ink.grid)
        let end = plot.bottom + Layout.tick
        image.fill(PixelRect(left: column, top: plot.bottom, right: column + 1, bottom: end), Ink.axis)
        image.write(TextLine(tick.text, scale: Ink.small), x: column, top: end + Layout.gap, align: 0.5, Ink.soft)
      }
      image.fill(PixelRect(left: plot.left, top: plot.top, right: plot.left + 1, bottom: plot.bottom + 1), Ink.axis)
      image.fill(PixelRect(left: plot.left, top: plot.bottom, right: plot.right, bottom: plot.bottom + 1), Ink.axis)
      let xName = TextLine(chart.xName, scale: Ink.name), yName = TextLine(chart.yName, scale: Ink.name)
      image.write(xName, x: middle, top: image.height - Layout.margin - xName.height, align: 0.5)
      image.writeUpwards(yName, left: Layout.margin, y: (plot.top + plot.bottom) / 2, align: 0.5)
    }

    /// - Parameter dots: draws the plot's points instead of segments of curves.
    func drawLegend(on image: inout Image, _ chart: LineChart, dots: Bool = false) {
      let left = plot.right + Layout.margin
      for (index, line) in legend.enumerated() {
        let top = plot.top + index * rowHeight
        // The last row may summarise several curves.
        if index < legend.count - 1 || legend.count == chart.series.count {
          let row = Float(top + line.middle)
          let area = PixelRect(left: left - 2, top: top, right: left + Layout.sample + 2, bottom: top + rowHeight)
          var sample = Coverage(area)
          if dots {
            let centre = (x: Float(left) + Float(Layout.sample) / 2, y: row)
            sample.add(from: centre, to: centre, thickness: ScatterChart.dot)
            sample.paint(&image, LineChart.colour(index))
            image.write(line, x: left + Layout.sample + Layout.gap, top: top)
            continue
          }
          var pen = Dash(LineChart.dash(index))
          pen.pieces(from: (Float(left), row), to: (Float(left + Layout.sample), row)) {
            sample.add(from: $0, to: $1, thickness: 2.5)
          }
          sample.paint(&image, LineChart.colour(index))
        }
        image.write(line, x: left + Layout.sample + Layout.gap, top: top)
      }
    }
  }
}

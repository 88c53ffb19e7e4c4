import Charts
import ImageTypes
import Overlay
import TestSupport
import Testing

@Suite struct ChartTests {
  private func pixel(_ image: Image, _ x: Int, _ y: Int) -> Colour {
    let at = (y * image.width + x) * 3
    return Colour(red: image.pixels[at], green: image.pixels[at + 1], blue: image.pixels[at + 2])
  }

  /// Whether nothing is drawn within some pixels of the image's edges, so that nothing is clipped.
  private func hasMargin(_ image: Image, _ margin: Int) -> Bool {
    for y in 0..<image.height {
      for x in 0..<image.width {
        let inside = x >= margin && y >= margin && x < image.width - margin && y < image.height - margin
        if !inside && pixel(image, x, y) != .white { return false }
      }
    }
    return true
  }

  private func count(_ image: Image, _ colour: Colour) -> Int {
    (0..<image.width * image.height).count { pixel(image, $0 % image.width, $0 / image.width) == colour }
  }

  @Test("a curve goes through its points, in its colour, with soft edges")
  func curve() {
    let chart = LineChart(
      title: "flat", xName: "x", yName: "y",
      series: [LineChart.Series(name: "a", points: [.init(x: 0, y: 0.5), .init(x: 1, y: 0.5)])], xRange: 0...1,
      yRange: 0...1)
    let image = chart.image
    let again = chart.image == image
    #expect(image.width == 960 && image.height == 600 && again)
    let layout = LineChart.Layout(chart)
    let y = Int(layout.place(.init(x: 0.3, y: 0.5)).y)
    for x in stride(from: layout.plot.left + 4, to: layout.plot.right - 4, by: 7) {
      let found = pixel(image, x, y)
      #expect(found == LineChart.colour(0))
    }
    // The slope's edge has shades between the colours of curve and paper.
    var slope = chart
    slope.series[0].points = [.init(x: 0, y: 0.1), .init(x: 1, y: 0.9)]
    let shades = Set((layout.plot.top..<layout.plot.bottom).map { pixel(slope.image, 500, $0) })
    #expect(shades.count > 4)
  }

  @Test("texts and curves are always inside the image")
  func margins() {
    let long = String(repeating: "a very long name ", count: 20)
    var generator = SplitMix64(seed: 5)
    let noise = (0..<500).map { _ in Double(generator.uniform(-3, 900)) }
    for count in [0, 1, 2, 9, 60] {
      var chart = LineChart(
        title: "\(count) curves", xName: "step", yName: "loss",
        series: (0..<count).map { LineChart.Series(name: "\($0) \(long)", values: noise, window: $0 % 3 * 10) })
      var image = chart.image
      var isWhole = hasMargin(image, 10)
      #expect(isWhole, "\(count) curves")
      (chart.width, chart.height) = (320, 200)
      image = chart.image
      isWhole = hasMargin(image, 4)
      #expect(isWhole, "\(count) curves on a small picture")
    }
  }

  @Test("a NaN leaves a gap, and points out of range are clipped to the plot")
  func gaps() {
    var chart = LineChart(
      title: "", xName: "", yName: "",
      series: [LineChart.Series(name: "a", values: [1, 1, .nan, 1, 1, .infinity, 1])], yRange: 0...2)
    let layout = LineChart.Layout(chart)
    let y = Int(layout.place(.init(x: 0, y: 1)).y)
    func x(_ value: Double) -> Int { Int(layout.place(.init(x: value, y: 1)).x) }
    let image = chart.image
    // The last point has no neighbour and is a dot.
    let found = [0.5, 1.5, 2.5, 3.5, 6].map { pixel(image, x($0) - 1, y) == LineChart.colour(0) }
    #expect(found == [true, false, false, true, true])
    chart.series[0].points = [.init(x: 0, y: -1e300), .init(x: 3, y: 1e300), .init(x: 6, y: -1e9)]
    let far = chart.image
    for y in 0..<layout.plot.top - 3 {
      let isFree = (0..<far.width).allSatisfy { pixel(far, $0, y) != LineChart.colour(0) }
      #expect(isFree)
    }
  }

  @Test("a dashed line has equal gaps, whatever its points")
  func dashes() {
    for points in [2, 7, 100_000] {
      var dash = Dash([8, 5])
      var drawn: Float = 0
      for index in 1..<points {
        func at(_ i: Int) -> (x: Float, y: Float) { (1300 * Float(i) / Float(points - 1), 0) }
        dash.pieces(from: at(index - 1), to: at(index)) { drawn += $1.x - $0.x }
      }
      #expect(abs(drawn - 800) < 10, "\(points) points: \(drawn)")
    }
  }

  @Test("the moving average keeps ends, level and gaps")
  func window() {
    let series = LineChart.Series(name: "a", values: [0, 2, 4, 6, 8, .nan, 5], window: 3)
    #expect(series.smoothed.prefix(4).map(\.y) == [0, 2, 4, 6])
    #expect(series.smoothed[5].y.isNaN && series.smoothed[6].y == 5)
  }

  @Test("the darkness of a cell follows its fraction, and nothing is clipped")
  func heatMap() {
    let map = HeatMap(
      title: "a title that is wider than the table below it by far", rowsName: "truth", columnsName: "prediction",
      rows: ["background", "person"], columns: ["background", "person", "nothing"],
      shares: [[0.97, 0.03, nil], [0.0001, 1, 0]])
    var isWhole = hasMargin(map.image, 14)
    #expect(isWhole)
    let tall = HeatMap(
      title: "", rowsName: "t", columnsName: "p", rows: (0..<30).map { "row \($0)" },
      columns: (0..<30).map { "a long column \($0)" },
      shares: (0..<30).map { row in (0..<30).map { row == $0 ? 0.9 : 0.1 / 29 } })
    isWhole = hasMargin(tall.image, 10)
    #expect(isWhole)
    let dark = [1, 0.97].map { count(map.image, HeatMap.colour($0)) }
    #expect(dark.allSatisfy { $0 > 2000 })
    #expect(HeatMap.colour(0) == .white && HeatMap.colour(1).luminance < HeatMap.colour(0.5).luminance)
  }
}

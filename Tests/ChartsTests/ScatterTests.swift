import Charts
import ImageTypes
import Overlay
import TestSupport
import Testing

@Suite struct ScatterTests {
  private func pixel(_ image: Image, _ x: Int, _ y: Int) -> Colour {
    let at = (y * image.width + x) * 3
    return Colour(red: image.pixels[at], green: image.pixels[at + 1], blue: image.pixels[at + 2])
  }

  @Test("each point is a dot in its series' colour, on linear and logarithmic scales", arguments: [false, true])
  func dots(isLogarithmic: Bool) {
    let chart = ScatterChart(
      title: "t", xName: "x", yName: "y",
      series: [
        .init(name: "a", points: [.init(x: 0.5, y: 1), .init(x: 40, y: 3)], isJoined: true),
        .init(name: "b", points: [.init(x: 8, y: 1.2), .init(x: .nan, y: 2)]),
      ], hasLogarithmicX: isLogarithmic)
    let image = chart.image
    let layout = LineChart.Layout(chart.frame)
    for (index, series) in chart.series.enumerated() {
      for point in series.points where point.x.isFinite {
        let place = layout.place(.init(x: point.x, y: point.y))
        let found = pixel(image, Int(place.x), Int(place.y))
        #expect(found == LineChart.colour(index), "\(point)")
      }
    }
    // The middle of the connecting line is thin, without a dot.
    let middle = (isLogarithmic ? (0.5 * 40.0).squareRoot() : 20.25, 2.0)
    let place = layout.place(.init(x: middle.0, y: middle.1))
    let line = pixel(image, Int(place.x), Int(place.y))
    #expect(line != .white && line != LineChart.colour(0))
  }

  @Test("labels are inside the plot, and cover neither points nor each other if there is space")
  func labels() {
    let points = (0..<8).map {
      ScatterChart.Series.Point(x: Double($0), y: Double($0 % 3), label: "a network \($0)")
    }
    let chart = ScatterChart(title: "", xName: "", yName: "", series: [.init(name: "a", points: points)])
    let layout = LineChart.Layout(chart.frame)
    let rects = chart.labels(layout).map(\.rect)
    #expect(rects.count == 8)
    func overlap(_ a: PixelRect, _ b: PixelRect) -> Bool {
      a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom
    }
    for (index, rect) in rects.enumerated() {
      #expect(rect.left >= layout.plot.left && rect.right <= layout.plot.right)
      #expect(rect.top >= layout.plot.top && rect.bottom <= layout.plot.bottom)
      for other in rects.dropFirst(index + 1) { #expect(!overlap(rect, other)) }
      for point in points {
        let place = layout.place(.init(x: point.x, y: point.y))
        let isCovered = rect.left...rect.right ~= Int(place.x) && rect.top...rect.bottom ~= Int(place.y)
        #expect(!isCovered)
      }
    }
  }

  @Test("a logarithmic axis has ticks at 1, 2 and 5 times powers of ten, and ends at ticks")
  func logarithmic() {
    #expect(Axis(logarithmic: 0.4...11).ticks.map(\.text) == ["0.2", "0.5", "1", "2", "5", "10", "20"])
    #expect(Axis(logarithmic: 2...5).ticks.map(\.text) == ["2", "5"])
    #expect(Axis(logarithmic: 3...3).ticks.map(\.text) == ["2", "5"])
    #expect(Axis(logarithmic: 1...1).ticks.map(\.text) == ["1", "2"])
    let axis = Axis(logarithmic: 1...100)
    #expect(axis.ticks.count == 7 && abs(axis.place(10) - 0.5) < 1e-12 && axis.place(1) == 0 && axis.place(100) == 1)
    // An axis without a positive range is linear.
    #expect(!Axis(logarithmic: 0...5).isLogarithmic)
  }
}

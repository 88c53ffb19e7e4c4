import Backbone
import CLISupport
import Charts
import ImageTypes

/// A chart of the paper's accuracies over the measured times, in the form of the paper's figure 5.
struct CompareChart {
  let conditions: CompareConditions
  /// The timed rows of table 4 and of the widths.
  let classification, widths: [ComparedRow]

  var image: Image {
    var series: [ScatterChart.Series] = []
    // With curves of MobileNetV2, table 4's points of it would only hide them.
    let named = classification.filter { widths.isEmpty || $0.network?.layout.family != .mobileNetV2 }
    let points = points(named) { $0.published.network }
    if !points.isEmpty {
      series.append(ScatterChart.Series(name: widths.isEmpty ? "table 4" : "other networks", points: points))
    }
    for width in CompareChart.widths {
      let rows = widths.filter { $0.network?.layout.width.value == width }
      let curve = self.points(rows) { $0.network.map { width == 1 ? "\($0.size)" : "" } ?? "" }
      guard !curve.isEmpty else { continue }
      series.append(ScatterChart.Series(name: "MobileNetV2, width \(width)", points: curve, isJoined: true))
    }
    let threads = "\(conditions.threads) \(conditions.threads == 1 ? "thread" : "threads")"
    return ScatterChart(
      title: "ImageNet top-1 as published, against our time",
      xName: "ms a picture, median, \(threads), \(conditions.isa)", yName: "top-1, %", series: series,
      hasLogarithmicX: true
    ).image
  }

  /// The published widths, the widest first.
  private static var widths: [Double] {
    Set(PublishedCheckpoint.all.map(\.width)).sorted(by: >)
  }

  private func points(_ rows: [ComparedRow], label: (ComparedRow) -> String) -> [ScatterChart.Series.Point] {
    rows.compactMap { row in
      guard let accuracy = row.published.accuracy, let times = row.times else { return nil }
      return .init(x: times.median, y: accuracy.value, label: label(row))
    }
  }
}

import CLISupport
import Charts
import Files
import ImageCodecs
import ImageTypes
import ModelFiles
import Training

/// The log of a run: a table and a chart of its records.
struct TrainLog {
  private let records: [TrainingRecord]
  private let metricName: String
  private let measured: MeasuredFigure?

  /// - Parameters:
  ///   - metricName: the name of the records' metric.
  ///   - measured: a figure of the finished model.
  init(_ records: [TrainingRecord], metricName: String, measured: MeasuredFigure? = nil) {
    self.records = records
    self.metricName = metricName
    self.measured = measured
  }

  /// Comma-separated values with a header.
  ///
  /// A figure of the finished model is a column whose only value is in the last row.
  var csv: String {
    func column(_ name: String) -> String { name.split(separator: " ").joined(separator: "_").lowercased() }
    func text(_ value: Double?) -> String { value.map { "\($0)" } ?? "" }
    let lines = records.enumerated().map { index, record in
      let last = measured.map { "," + text(index == records.count - 1 ? $0.value : nil) } ?? ""
      return "\(record.step),\(record.epoch),\(record.loss),\(record.rate),\(text(record.metric))\(last)\n"
    }
    return "step,epoch,loss,rate,\(column(metricName))\(measured.map { "," + column($0.metric) } ?? "")\n"
      + lines.joined()
  }

  /// The chart of the loss, with the metric below it if there is one.
  var picture: Image {
    let loss = LineChart(
      title: "Loss", xName: "step", yName: "loss",
      series: [.init(name: "loss", points: records.map { .init(x: Double($0.step), y: $0.loss) })]
    ).image
    let measured = records.filter { $0.metric != nil }
    guard !measured.isEmpty else { return loss }
    let metric = LineChart(
      title: "On the pictures kept apart", xName: "step", yName: metricName,
      series: [.init(name: metricName, points: measured.map { .init(x: Double($0.step), y: $0.metric!) })]
    ).image
    return Image(width: loss.width, height: loss.height + metric.height, pixels: loss.pixels + metric.pixels)
  }

  /// Writes the table and the chart beside the model.
  ///
  /// - Throws: `TrainingError.file`.
  func write(to files: RunFileOptions) throws(TrainingError) {
    let png: [UInt8]
    do { png = try PNGEncoder.encode(picture) } catch { preconditionFailure("a chart is a picture: \(error)") }
    do throws(FileError) {
      try Interrupt.shielded { () throws(FileError) in
        try AtomicFile.write(Array(csv.utf8), to: files.log)
        try AtomicFile.write(png, to: files.curve)
      }
    } catch { throw .file(error) }
  }
}

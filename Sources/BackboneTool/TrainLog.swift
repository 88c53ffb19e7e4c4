import CLISupport
import Charts
import Files
import ImageCodecs
import Tensors
import Training

/// What a run tells of itself: a table of its records, and a picture of them.
struct TrainLog {
  private let records: [TrainingRecord]
  private let metricName: String

  init(_ records: [TrainingRecord], metricName: String) {
    self.records = records
    self.metricName = metricName
  }

  /// Comma-separated values under a line of names.
  var csv: String {
    let name = metricName.split(separator: " ").joined(separator: "_").lowercased()
    let lines = records.map { record in
      "\(record.step),\(record.epoch),\(record.loss),\(record.rate),\(record.metric.map { "\($0)" } ?? "")\n"
    }
    return "step,epoch,loss,rate,\(name)\n" + lines.joined()
  }

  /// The loss, and below it the metric where there is one.
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

  /// Writes both beside the result.
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

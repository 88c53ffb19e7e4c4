import Backbone
import CLISupport
import Tensors

/// The report of a benchmark.
struct BenchReport {
  typealias Steps = [(step: StepInfo, times: Times)]

  let network: String
  let size: Int
  let precision, isa: String
  let threads: Int

  /// A heading and the times of the whole network.
  func text(_ times: Times) -> String { heading(times) + summary(times) }

  /// The times of each layer and of the whole network.
  ///
  /// - Parameter peak: the threads' peak rate in billions of multiply-adds per second.
  func text(_ whole: Times, _ steps: Steps, peak: Double) -> String {
    var table = TextTable([.left, .right, .right, .right, .right, .right])
    table.add(["layer", "output", "multiply-adds", "ms", "GMAC/s", "peak"])
    for (name, output, multiplyAdds, times) in rows(whole, steps) {
      let rate = times.rate(multiplyAdds)
      table.add([
        name, output, "\(multiplyAdds)", fixed(times.median, 3), fixed(rate, 1), fixed(100 * rate / peak, 0) + "%",
      ])
    }
    return heading(whole) + table.lines() + "  peak \(fixed(peak, 1)) GMAC/s\n" + summary(whole)
  }

  /// One record with its header.
  func csv(_ times: Times) -> String {
    let names = [
      "network", "size", "precision", "isa", "threads", "runs", "min_ms", "median_ms", "max_ms", "peak_rss_mib",
    ]
    let values = [network, "\(size)", precision, isa, "\(threads)", "\(times.count)"]
    return csvRecord(names) + csvRecord(values + times.fields + [fixed(Bench.peakMegabytes, 1)])
  }

  /// A record for each layer and one for the whole network, with their header.
  func csv(_ whole: Times, _ steps: Steps, peak: Double) -> String {
    let names = ["layer", "output", "multiply_adds", "min_ms", "median_ms", "max_ms", "gmac_per_s", "percent_of_peak"]
    return rows(whole, steps).reduce(csvRecord(names)) { text, row in
      let rate = row.times.rate(row.multiplyAdds)
      let values = [row.name, row.output, "\(row.multiplyAdds)"] + row.times.fields
      return text + csvRecord(values + [fixed(rate, 2), fixed(100 * rate / peak, 1)])
    }
  }

  private func rows(
    _ whole: Times, _ steps: Steps
  ) -> [(name: String, output: String, multiplyAdds: Int, times: Times)] {
    let total = steps.reduce(0) { $0 + $1.step.multiplyAdds }
    return steps.map { step, times in
      let output = "\(step.output.height)x\(step.output.width)x\(step.output.channels)"
      return (step.name, output, step.multiplyAdds, times)
    } + [("total", "", total, whole)]
  }

  private func heading(_ times: Times) -> String {
    "\(network)  \(size)x\(size)  \(precision)  \(isa)  \(threads) \(threads == 1 ? "thread" : "threads")  "
      + "\(times.count) runs\n"
  }

  private func summary(_ times: Times) -> String {
    "  min \(fixed(times.min, 2)) ms, median \(fixed(times.median, 2)) ms, max \(fixed(times.max, 2)) ms, "
      + "peak memory \(fixed(Bench.peakMegabytes, 1)) MiB\n"
  }
}

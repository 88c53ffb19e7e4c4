import ArgumentParser
import CLISupport
import Files
import ImageCodecs
import Kernels

@main enum Main {
  static let console = Console(program: "paper-tables")

  static func main() { Program.run(CompareCommand.self, on: console) }
}

struct CompareCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "paper-tables",
    abstract: "Print tables 3 to 7 of the MobileNetV2 paper beside this program's counts and times.",
    discussion: """
      Each figure is marked as the paper's or ours. Accuracies and a Pixel 1's times are the paper's. Parameters, \
      multiply-adds and memory are counted. Times are measured on this machine with random weights; the networks of a \
      table run in turn, round by round. A note explains each difference between counts.

      CSV: \(CompareRecords.help).
      """,
    version: Program.version)

  @Option(
    help: ArgumentHelp(
      "The tables, comma-separated: 3, 4, 5, 6, 7, ablations (section 6.4) and widths (figure 5). "
        + "(default: 3,4,5,6,7)", valueName: "list"))
  var tables: String?

  @Flag(help: "Print all tables.")
  var all = false

  @Option(help: ArgumentHelp("Also write all figures as comma-separated values.", valueName: "file"))
  var csv: String?

  @Option(
    help: ArgumentHelp(
      "Draw ImageNet accuracy over our time; needs table 4 or widths.", valueName: "file.png"))
  var chart: String?

  @Option(help: ArgumentHelp("Threads of the timed calls.", valueName: "number"))
  var threads = 1

  @Flag(help: "Time for three short rounds instead of nine.")
  var quick = false

  @Flag(help: "Count without timing.")
  var noTiming = false

  func validate() throws {
    guard (1...1024).contains(threads) else {
      throw ValidationError("--threads \(threads): expected a number from 1 to 1024")
    }
    if all, tables != nil { throw ValidationError("--tables has no effect with --all") }
    let chosen = try chosenTables()
    if noTiming, quick { throw ValidationError("--quick has no effect with --no-timing") }
    guard chart != nil else { return }
    if noTiming { throw ValidationError("--chart needs times; leave out --no-timing") }
    if !chosen.contains(.classification), !chosen.contains(.widths) {
      throw ValidationError("--chart needs table 4 or widths; add one to --tables")
    }
  }

  /// The tables in the report's order.
  private func chosenTables() throws -> [ComparedTable] {
    if all { return ComparedTable.allCases }
    guard let tables else { return ComparedTable.paper }
    let names = tables.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    let chosen = names.compactMap(ComparedTable.init)
    guard chosen.count == names.count else {
      throw ValidationError(
        "--tables \(tables): expected some of \(ComparedTable.allCases.map(\.rawValue).joined(separator: ", ")), with "
          + "commas between them")
    }
    return ComparedTable.allCases.filter(chosen.contains)
  }

  func run() throws {
    try checkPlaces()
    let console = Main.console
    let session = Session(threads: threads)
    let timing = noTiming ? nil : LatencyRun(session: session, isQuick: quick)
    let conditions = CompareConditions(
      isa: session.kernels.isa.rawValue, threads: session.pool.threads, rounds: timing?.rounds)
    let report = CompareReport(conditions: conditions), records = CompareRecords(conditions: conditions)
    var csvText = CompareRecords.header
    var rows: [ComparedTable: [ComparedRow]] = [:]
    try console.write(report.heading())
    for table in try chosenTables() {
      if table == .memory {
        let memory = try MemoryComparison(session: session)
        csvText += records.text(memory)
        try console.write("\n" + memory.text())
        continue
      }
      let lines = try timing?.timed(table, on: console) ?? table.rows
      rows[table] = lines
      csvText += records.text(table, lines)
      try console.write("\n" + report.text(table, lines))
    }
    if let csv { try put(Array(csvText.utf8), csv) }
    if let chart {
      let picture = CompareChart(
        conditions: conditions, classification: rows[.classification] ?? [], widths: rows[.widths] ?? []
      ).image
      do { try put(PNGEncoder.encode(picture), chart) } catch let error as ImageError {
        throw Failure(.output, "\(chart): \(told(error))")
      }
    }
  }

  /// Refuses unwritable output files before the minutes of work, not after them.
  private func checkPlaces() throws(Failure) {
    var places: [PictureOutputs] = []
    for (flag, path) in [("--csv", csv), ("--chart", chart)] {
      guard let path else { continue }
      let place = try PictureOutputs(flag: flag, value: path, inputs: PictureInputs(files: [""]), force: true)
      guard place.path(0) == path else {
        throw Failure(.usage, "\(flag) \(path): is a folder; name a file")
      }
      for other in places { try place.mustDiffer(from: other) }
      places.append(place)
    }
  }

  private func put(_ bytes: [UInt8], _ path: String) throws(Failure) {
    do {
      try Interrupt.shielded { () throws(FileError) in try AtomicFile.write(bytes, to: path) }
    } catch { throw Failure(.output, told(error)) }
  }
}

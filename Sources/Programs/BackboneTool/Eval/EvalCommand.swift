import ArgumentParser
import CLISupport
import Datasets

struct EvalCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "eval",
    abstract: "Measure a model, or predictions in files, against the truth.",
    subcommands: [EvalClassifyCommand.self, EvalDetectCommand.self, EvalSegmentCommand.self])
}

/// How figures are written.
enum EvalFormat: String, ExpressibleByArgument, CaseIterable {
  case text, json, csv
}

/// The options that the evaluations share.
struct EvalOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      """
      Measure the pictures that this rule keeps apart, as for `train`: every:5, every:2+1, fraction:0.2@7 or \
      list:names.txt; once, or once for each --data. (default: all)
      """, valueName: "rule"))
  var holdOut: [String] = []

  @Option(
    help: ArgumentHelp(
      """
      Classes to measure, everything else being background: person, or person,vehicle=car+bus+truck; after void= those \
      that count neither way. Without it all that data and model share.
      """, valueName: "names"))
  var classes: String?

  @Option(help: ArgumentHelp("Measure the first so many pictures.", valueName: "count"))
  var limit: Int?

  @Option(help: "How figures are written to standard output.")
  var format = EvalFormat.text

  @Option(
    help: ArgumentHelp(
      "Write charts and the worst pictures beside their truth to this folder, as PNGs.", valueName: "folder"))
  var pictures: String?

  @Option(help: ArgumentHelp("Worst pictures to draw. (default: 8)", valueName: "count"))
  var worst: Int?

  @Flag(help: "Refuse a data set with a broken file instead of leaving the file out.")
  var strict = false

  @Option(
    help: ArgumentHelp(
      "Threads to session with; without it as many as the affinity mask and the cgroup's quota allow.",
      valueName: "number"))
  var threads: Int?

  @OptionGroup var views: ViewOptions

  @OptionGroup(title: "Limits for files from strangers") var limits: LimitOptions

  /// - Parameter data: the folders of `--data`.
  func check(data: [String]) throws {
    if let limit, limit < 1 { throw ValidationError("--limit \(limit): expected a number of at least 1") }
    if let worst {
      if pictures == nil { throw ValidationError("--worst has no effect without --pictures") }
      if !(0...1000).contains(worst) { throw ValidationError("--worst \(worst): expected a number from 0 to 1000") }
    }
    if let threads, !(1...1024).contains(threads) {
      throw ValidationError("--threads \(threads): expected a number from 1 to 1024")
    }
    if holdOut.count > 1, holdOut.count != data.count {
      throw ValidationError("\(holdOut.count) --hold-out for \(data.count) --data: expected one, or one for each")
    }
  }

  /// The wanted classes; `nil` for all.
  func mapping() throws(Failure) -> ClassMapping? {
    guard let classes else { return nil }
    do { return try ClassMapping(parsing: classes) } catch {
      throw Failure(.usage, "--classes \(classes): \(told(error))")
    }
  }

  /// Opens the data sets, each cut to the pictures that are kept apart; what cannot be used is named.
  ///
  /// - Parameter wanted: which samples can be measured; the rule counts those alone, as in training.
  /// - Throws: `Failure`.
  func open(
    _ data: [String], on console: Console, _ wanted: (Dataset) -> Dataset
  ) throws(Failure) -> [Dataset] {
    var options = Dataset.Options()
    options.isStrict = strict
    options.limits = limits.limits
    do throws(DatasetError) {
      var datasets: [Dataset] = []
      for (index, path) in data.enumerated() {
        var dataset = try Dataset.open(path, options)
        for error in dataset.skipped { console.note("left out: \(told(error))") }
        dataset = wanted(dataset)
        if !holdOut.isEmpty {
          dataset = try dataset.split(by: Split(parsing: holdOut[holdOut.count == 1 ? 0 : index])).validation
        }
        datasets.append(dataset)
      }
      return datasets
    } catch {
      if case .split = error { throw Failure(.usage, "--hold-out: \(told(error))") }
      throw Failure(.inputs, told(error))
    }
  }
}

/// Pictures measured one after another: a failure is told and the next one begins.
struct EvalLoop {
  /// Pictures that failed.
  private(set) var failures = 0
  /// The greatest status of theirs.
  private var worst = ExitStatus.done
  private let console: Console

  init(on console: Console) { self.console = console }

  /// Does every picture.
  ///
  /// - Throws: the `Failure` that ends it all.
  mutating func run(_ count: Int, _ body: (_ index: Int) throws(Failure) -> Void) throws(Failure) {
    guard count > 0 else { return }
    var bar = ProgressBar("eval", total: count, unit: "pictures", on: console)
    for index in 0..<count {
      do throws(Failure) { try body(index) } catch {
        if error.stops { throw error }
        bar.note(error.message)
        failures += 1
        worst = max(worst, error.status)
      }
      bar.update(index + 1)
    }
    bar.finish()
  }

  /// Tells how many failed, and ends with the status for that.
  ///
  /// - Parameter skipped: pictures that the data set could not give.
  func end(of count: Int, skipped: Int) throws {
    if failures > 0 { console.note("\(count - failures) done, \(failures) failed") }
    try max(worst, skipped > 0 ? .inputs : .done).end()
  }

  /// Why there is nothing to report.
  func nothing(of count: Int) -> Failure {
    Failure(max(worst, .inputs), "none of the \(count) pictures could be measured; see the messages above")
  }
}

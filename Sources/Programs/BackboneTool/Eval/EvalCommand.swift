import ArgumentParser
import CLISupport
import Datasets

struct EvalCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "eval",
    abstract: "Evaluate a model, or predictions in files, on ground truth.",
    subcommands: [EvalClassifyCommand.self, EvalDetectCommand.self, EvalSegmentCommand.self])
}

/// The format of the figures.
enum EvalFormat: String, ExpressibleByArgument, CaseIterable {
  case text, json, csv
}

/// The common options of the evaluations.
struct EvalOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      """
      Evaluate on the validation pictures of this rule, as in `train`: every:5, every:2+1, fraction:0.2@7, \
      or a list such as val.txt; once, or once for each --data. (default: all pictures)
      """, valueName: "rule"))
  var holdOut: [String] = []

  @Option(
    help: ArgumentHelp(
      """
      Classes to evaluate, all others being background: person, or person,vehicle=car+bus+truck; void= lists ignored \
      classes. (default: all classes that data and model have in common)
      """, valueName: "names"))
  var classes: String?

  @Option(help: ArgumentHelp("Evaluate on the first pictures only, at most this many.", valueName: "count"))
  var limit: Int?

  @Option(help: "Format of the figures on standard output.")
  var format = EvalFormat.text

  @Option(
    help: ArgumentHelp(
      "Write charts and the worst pictures, with their ground truth, to this folder as PNGs.", valueName: "folder"))
  var pictures: String?

  @Option(help: ArgumentHelp("Number of worst pictures. (default: 8)", valueName: "count"))
  var worst: Int?

  @Flag(help: "Refuse a data set with a damaged file instead of skipping the file.")
  var strict = false

  @Option(
    help: ArgumentHelp(
      "Threads; by default as many as the affinity mask and the cgroup's quota allow.",
      valueName: "number"))
  var threads: Int?

  @OptionGroup var views: ViewOptions

  @OptionGroup var limits: LimitOptions

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

  /// The selected classes; `nil` for all.
  func mapping() throws(Failure) -> ClassMapping? {
    guard let classes else { return nil }
    do { return try ClassMapping(parsing: classes) } catch {
      throw Failure(.usage, "--classes \(classes): \(told(error))")
    }
  }

  /// Opens the data sets, each restricted to its validation part; unusable samples are reported.
  ///
  /// - Parameter wanted: keeps the samples that can be measured. The validation rule counts these alone, as in
  ///   training.
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
        console.note(openingOf: dataset)
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

/// A loop over images in which a failure is reported and the next image follows.
struct EvalLoop {
  /// The number of failed images.
  private(set) var failures = 0
  /// The greatest status of their failures.
  private var worst = ExitStatus.done
  private let console: Console

  init(on console: Console) { self.console = console }

  /// Processes every image.
  ///
  /// - Throws: the `Failure` that ends the loop.
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

  /// Reports the number of failures, and ends with their status.
  ///
  /// - Parameter skipped: the number of images that the data set could not provide.
  func end(of count: Int, skipped: Int) throws {
    if failures > 0 { console.note("\(count - failures) done, \(failures) failed") }
    try max(worst, skipped > 0 ? .inputs : .done).end()
  }

  /// The failure of an evaluation without any measured image.
  func nothing(of count: Int) -> Failure {
    Failure(max(worst, .inputs), "none of the \(count) pictures could be measured; see the messages above")
  }
}

import Files
import ImageTypes
import Kernels

/// A program's run of pictures through one model, from loading to the exit status.
///
/// The model and the first picture are loaded at the same time. Then the pictures are a `Batch`; many pictures run in
/// parallel, each on one thread.
public struct PictureRun<Model> {
  public let model: Model
  private let inputs: PictureInputs
  private let options: PictureOptions
  private let limits: Limits
  private let callers: Int
  private let pictures: Pictures
  private let console: Console
  private let before: (done: Int, failed: Int)
  private let showsProgress: Bool
  private var timing: Timing

  /// - Parameters:
  ///   - inputs: the pictures, at least one.
  ///   - name: the model's name in the timing.
  ///   - resumed: the results of an earlier run, fewer than inputs, to which those of this run are appended.
  ///   - isQuiet: whether nothing is written to standard output.
  ///   - timing: made when the program began.
  ///   - load: makes the model on the session and times its steps.
  /// - Throws: the failure of `load`. A failure of the first picture is thrown when its turn comes.
  public init(
    _ inputs: PictureInputs, _ options: PictureOptions, _ name: String, _ work: RunOptions, _ limits: LimitOptions,
    resumed: ResumedResults? = nil, isQuiet: Bool = false, timing: Timing, on console: Console,
    load: (Session, inout Stopwatch) throws(Failure) -> Model
  ) throws(Failure) {
    let first = resumed?.count ?? 0
    callers = Batch.callers(inputs.count - first, threads: work.threads)
    let session = Session(threads: callers > 1 ? 1 : work.threads)
    var timing = timing
    let isStream = FilePlace.kind(of: inputs.path(first)) == .other
    let opening = try Opening(name, isStream: isStream, on: session.pool, &timing) { (watch) throws(Failure) in
      try load(session, &watch)
    } decode: { () throws(Failure) in
      try options.read(inputs, first, limits.limits)
    }
    (model, pictures) = (opening.model, opening.pictures)
    self.console = resumed?.console ?? console
    before = resumed.map { ($0.done, $0.failed) } ?? (0, 0)
    showsProgress = !work.timing && (isQuiet || !self.console.resultsAreOnTerminal)
    (self.inputs, self.options, self.limits, self.timing) = (inputs, options, limits.limits, timing)
  }

  /// Processes every picture.
  ///
  /// - Parameters:
  ///   - make: computes the result of a decoded picture, with a stopwatch for its steps; called from several threads if
  ///     there are many pictures, so without side effects.
  ///   - finish: writes files and returns the text for standard output; called for one picture after another, in their
  ///     order, on the caller's thread.
  ///   - failed: the text for standard output after a picture that failed.
  /// - Returns: the exit status.
  /// - Throws: the `Failure` that ends the run, already reported.
  public mutating func run<Product>(
    make: (_ index: Int, _ image: inout Image, _ watch: inout Stopwatch) throws(Failure) -> Product,
    finish: (_ index: Int, _ product: Product, _ watch: inout Stopwatch) throws(Failure) -> String,
    failed: (_ index: Int, Failure) -> String = { _, _ in "" }
  ) throws(Failure) -> ExitStatus {
    let (inputs, options, limits, pictures) = (inputs, options, limits, pictures)
    let first = self.before.done + self.before.failed
    var timing = timing
    let (before, began) = (timing.told, Stopwatch.now)
    let status = try Batch(
      inputs.count, before: self.before, showsProgress: showsProgress, on: console
    ).run(callers) { (index) throws(Failure) in
      var (picture, watch) = try pictures.read(isFirst: index == first) { () throws(Failure) in
        try options.read(inputs, index, limits)
      }
      let product = try make(index, &picture.image, &watch)
      return (product: product, warnings: picture.warnings, watch: watch)
    } finish: { (index, made, write) throws(Failure) in
      var watch = made.watch
      watch.resume()
      try write(finish(index, made.product, &watch))
      watch.lap("report")
      timing.note(inputs.name(index), watch)
    } warnings: {
      $0.warnings
    } failed: {
      failed($0, $1)
    }
    if callers > 1 { timing.overlap(timing.told - before, took: Stopwatch.now - began) }
    self.timing = timing
    return status
  }

  /// Writes the timing of the whole run and ends the command with a status.
  public func end(_ status: ExitStatus) throws {
    timing.end()
    try status.end()
  }
}

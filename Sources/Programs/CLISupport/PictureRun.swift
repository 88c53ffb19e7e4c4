import ImageTypes
import Kernels

/// The run of a program that puts pictures through one model, from loading to the exit status.
///
/// The model and the first picture are loaded at once; then the pictures are a `Batch`, with one thread for each where
/// there are many of them.
public struct PictureRun<Model> {
  public let model: Model
  private let images: [String]
  private let limits: LimitOptions
  private let callers: Int
  private let pictures: Pictures
  private let console: Console
  private var timing: Timing

  /// - Parameters:
  ///   - images: paths, at least one.
  ///   - name: what the timing calls the model.
  ///   - timing: made when the program began.
  ///   - load: makes the model on the session and times its steps.
  /// - Throws: the failure of `load`; one of the first picture waits for its turn.
  public init(
    _ images: [String], _ name: String, _ work: RunOptions, _ limits: LimitOptions, timing: Timing,
    on console: Console, load: (Session, inout Stopwatch) throws(Failure) -> Model
  ) throws(Failure) {
    callers = Batch.callers(images.count, threads: work.threads)
    let session = Session(threads: callers > 1 ? 1 : work.threads)
    var timing = timing
    let opening = try Opening(name, first: images[0], on: session.pool, &timing) { (watch) throws(Failure) in
      try load(session, &watch)
    } decode: { () throws(Failure) in
      try limits.read(images[0])
    }
    (model, pictures) = (opening.model, opening.pictures)
    (self.images, self.limits, self.timing, self.console) = (images, limits, timing, console)
  }

  /// Does every picture.
  ///
  /// - Parameters:
  ///   - make: does the work for a decoded picture, with a watch for its steps; called from several threads where there
  ///     are many pictures, so nothing of it may be seen from outside.
  ///   - finish: writes files, and gives what goes to standard output; for one picture after another, in their order, on
  ///     the caller's thread.
  ///   - failed: what to write to standard output for a picture that fails.
  /// - Returns: the status to end with.
  /// - Throws: the `Failure` that ends the run, told already.
  public mutating func run<Product>(
    make: (_ index: Int, _ image: inout Image, _ watch: inout Stopwatch) throws(Failure) -> Product,
    finish: (_ index: Int, _ product: Product, _ watch: inout Stopwatch) throws(Failure) -> String,
    failed: (_ index: Int, Failure) -> String = { _, _ in "" }
  ) throws(Failure) -> ExitStatus {
    let (images, limits, pictures) = (images, limits, pictures)
    var timing = timing
    let (before, began) = (timing.told, Stopwatch.now)
    let status = try Batch(images, on: console).run(callers) { (index) throws(Failure) in
      var (image, watch) = try pictures.read(index) { () throws(Failure) in try limits.read(images[index]) }
      let product = try make(index, &image, &watch)
      return (product: product, watch: watch)
    } finish: { (index, made, write) throws(Failure) in
      var watch = made.watch
      watch.resume()
      try write(finish(index, made.product, &watch))
      watch.lap("report")
      timing.note(images[index], watch)
    } failed: {
      failed($0, $1)
    }
    if callers > 1 { timing.overlap(timing.told - before, took: Stopwatch.now - began) }
    self.timing = timing
    return status
  }

  /// Tells the timing of the whole, and ends the command with a status.
  public func end(_ status: ExitStatus) throws {
    timing.end()
    try status.end()
  }
}

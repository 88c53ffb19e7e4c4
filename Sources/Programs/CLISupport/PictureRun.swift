import ImageTypes
import Kernels

/// A program's run of pictures through one model, from loading to the exit status.
///
/// The model and the first picture are loaded at the same time. Then the pictures are a `Batch`; many pictures run in
/// parallel, each on one thread.
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
  ///   - name: the model's name in the timing.
  ///   - timing: made when the program began.
  ///   - load: makes the model on the session and times its steps.
  /// - Throws: the failure of `load`. A failure of the first picture is thrown when its turn comes.
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

  /// Writes the timing of the whole run and ends the command with a status.
  public func end(_ status: ExitStatus) throws {
    timing.end()
    try status.end()
  }
}

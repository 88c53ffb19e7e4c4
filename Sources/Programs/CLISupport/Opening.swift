import Kernels
import Synchronization

/// The start of a program: its model and the first picture are loaded at the same time.
///
/// Decoding a picture takes one thread, and so does most of the loading of a model. In parallel they take as long as
/// the slower of the two.
struct Opening<Model> {
  let model: Model
  let pictures: Pictures

  /// Loads and decodes on two threads of the pool, if it has two.
  ///
  /// A picture from a stream is decoded after the model is loaded, so that a missing model is reported without waiting
  /// for input.
  ///
  /// - Parameters:
  ///   - name: the model's name in the timing.
  ///   - isStream: whether the first picture is from a stream, or not a file at all.
  ///   - load: makes the model and times its steps.
  ///   - decode: reads the first picture.
  /// - Throws: the failure of `load`. A failure of `decode` is thrown when the first picture is read.
  init(
    _ name: String, isStream: Bool, on pool: WorkerPool, _ timing: inout Timing,
    load: (inout Stopwatch) throws(Failure) -> Model,
    decode: () throws(Failure) -> ReadPicture
  ) throws(Failure) {
    guard !isStream else {
      var watch = Stopwatch()
      model = try load(&watch)
      timing.note(name, watch)
      pictures = Pictures(first: nil)
      return
    }
    let began = Stopwatch.now
    let (loaded, first) = pool.both {
      var watch = Stopwatch()
      return (Result { () throws(Failure) in try load(&watch) }, watch)
    } _: {
      var watch = Stopwatch()
      let picture = Result { () throws(Failure) in try decode() }
      watch.lap("decode")
      return (picture, watch)
    }
    timing.overlap([loaded.1, first.1], took: Stopwatch.now - began)
    timing.note(name, loaded.1)
    model = try loaded.0.get()
    pictures = Pictures(first: first)
  }
}

/// The pictures of a batch; the first one may have been decoded already.
final class Pictures: Sendable {
  private let first: Mutex<(picture: Result<ReadPicture, Failure>, watch: Stopwatch)?>

  init(first: (picture: Result<ReadPicture, Failure>, watch: Stopwatch)?) { self.first = Mutex(first) }

  /// A picture, and a stopwatch with the duration of its decoding; may be called from several threads.
  ///
  /// - Throws: the failure of `decode`, now or when it decoded the first picture.
  func read(
    isFirst: Bool, _ decode: () throws(Failure) -> ReadPicture
  ) throws(Failure) -> (picture: ReadPicture, watch: Stopwatch) {
    guard isFirst, case (let picture, var watch)? = first.withLock({ $0.take() }) else {
      var watch = Stopwatch()
      let picture = try decode()
      watch.lap("decode")
      return (picture, watch)
    }
    watch.resume()
    return (try picture.get(), watch)
  }
}

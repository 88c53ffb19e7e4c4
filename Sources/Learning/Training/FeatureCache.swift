import Backbone
@_exported import Files
import Graphs
import Kernels
import ModelFiles
import Tensors

/// An error of beginning or continuing a training run.
public enum TrainingError: RemediedError, Equatable {
  /// The feature cache would exceed its limit.
  case cacheTooLarge(path: String, bytes: Int, limit: Int)
  /// A checkpoint of another run, with the differences in settings.
  case checkpoint(path: String, reason: String)
  /// A file of the run could not be read or written.
  case file(FileError)
  /// A file of the run is no valid safetensors file.
  case model(ModelFileError)
  /// The training set has fewer samples than a batch.
  case tooFewSamples(Int, batch: Int)
  /// The weights do not fit the network.
  case weights(WeightsError)
  /// The loss is NaN or infinite.
  case diverged(step: Int)

  /// The file and the problem in words, with advice where there is any.
  public var problem: String {
    switch self {
    case .cacheTooLarge(let path, let bytes, let limit):
      return
        "\(path): the features would take \(bytes >> 20) MB, the limit is \(limit >> 20) MB"
    case .checkpoint(let path, let reason):
      return "\(path): \(reason)"
    case .file(let error): return error.problem
    case .model(let error): return error.problem
    case .tooFewSamples(let count, let batch): return "\(count) samples to learn from, fewer than a batch of \(batch)"
    case .weights(let error): return error.description
    case .diverged(let step):
      return "training collapsed for the fourth time at step \(step), before an epoch had ended; choose a smaller rate"
    }
  }

  /// A smaller cache or batch, a new run, or the inner error's remedy; `nil` for weights and a diverged run.
  public var remedy: Remedy? {
    switch self {
    case .cacheTooLarge: return .smallerCache
    case .checkpoint: return .trainAnew
    case .file(let error): return error.remedy
    case .model(let error): return error.remedy
    case .tooFewSamples: return .smallerBatch
    case .weights, .diverged: return nil
    }
  }
}

/// The feature cache: the frozen backbone's maps of every sample, in half precision in a mapped file, with the sample's
/// ground truth.
///
/// The file is safetensors: a tensor `[samples, H, W, C]` of F16 for each tap, `truth`, `[samples, bytes]` of U8, and
/// `usable`, `[samples]` of U8, 1 for stored samples and 0 for pictures that can't be read. The file gets its name only
/// when it is complete. Memory holds no more of it than the samples of a batch.
package final class FeatureCache {
  /// The contents of a cache.
  package struct Layout: Hashable {
    package let samples: Int
    /// Batch 1.
    package let taps: [Tap]
    package let shapes: [Shape]
    /// Bytes of a sample's ground truth.
    package let truth: Int

    package init(samples: Int, taps: [Tap], shapes: [Shape], truth: Int) {
      self.samples = samples
      self.taps = taps
      self.shapes = shapes
      self.truth = truth
    }

    var declarations: [Safetensors.Declaration] {
      zip(taps, shapes).map {
        .init(name: $0.name, type: .float16, shape: [samples, $1.height, $1.width, $1.channels])
      } + [
        .init(name: "truth", type: .uint8, shape: [samples, truth]),
        .init(name: "usable", type: .uint8, shape: [samples]),
      ]
    }

    /// Bytes of all values.
    package var size: Int { declarations.reduce(0) { $0 + $1.size } }
  }

  package let layout: Layout
  /// The stored samples, without those of pictures that can't be read.
  package let usable: [Int]
  private let file: MappedFile
  /// The byte offset of each tensor's values, in the order of the layout.
  private let offsets: [Int]

  /// Opens a complete cache made from the same inputs, which `key` describes; `nil` for any other file.
  package init?(path: String, key: String, layout: Layout) {
    guard let file = try? MappedFile(path: path, limit: .max), let header = try? Safetensors(file),
      header.metadata["key"] == key
    else { return nil }
    var offsets: [Int] = []
    for one in layout.declarations {
      guard let found = header.tensors[one.name], found.shape == one.shape, found.type == one.type else { return nil }
      offsets.append(found.begin)
    }
    let flags = file.array(at: offsets[layout.taps.count + 1], count: layout.samples) ?? []
    usable = flags.indices.filter { flags[$0] == 1 }
    self.layout = layout
    self.file = file
    self.offsets = offsets
  }

  /// A cache under construction.
  ///
  /// Samples are stored in any order and from any thread, each once.
  package final class Writer: Sendable {
    private let file: PlacedFile
    private let key: String
    private let layout: Layout
    private let header: [UInt8]
    /// The byte offset of each tensor's values, in the order of the layout.
    private let begins: [Int]

    /// - Parameter limit: the file's greatest size in bytes.
    package init(path: String, key: String, layout: Layout, limit: Int) throws(TrainingError) {
      guard layout.size <= limit else { throw .cacheTooLarge(path: path, bytes: layout.size, limit: limit) }
      do { header = try Safetensors.header(metadata: ["key": key], tensors: layout.declarations, path: path) } catch {
        throw .model(error)
      }
      do { file = try PlacedFile(creating: path, size: header.count + layout.size) } catch { throw .file(error) }
      var begins: [Int] = []
      var begin = header.count
      for one in layout.declarations {
        begins.append(begin)
        begin += one.size
      }
      self.begins = begins
      self.key = key
      self.layout = layout
    }

    /// Stores a sample.
    ///
    /// - Parameters:
    ///   - maps: the bytes of each tap's map in half precision.
    ///   - truth: its ground truth.
    package func store(_ index: Int, maps: [[UInt8]], truth: [UInt8]) throws(TrainingError) {
      precondition(index >= 0 && index < layout.samples && truth.count == layout.truth, "sample \(index)")
      precondition(maps.map(\.count) == layout.shapes.map { $0.count * 2 }, "sample \(index)")
      do throws(FileError) {
        for (map, begin) in zip(maps, begins) { try file.write(map, at: begin + index * map.count) }
        try file.write(truth, at: begins[layout.taps.count] + index * layout.truth)
        try file.write([1], at: begins[layout.taps.count + 1] + index)
      } catch { throw .file(error) }
    }

    /// Writes the header, and opens the finished cache.
    package func finish() throws(TrainingError) -> FeatureCache {
      do throws(FileError) {
        try file.write(header, at: 0)
        try file.finish()
      } catch { throw .file(error) }
      guard let cache = FeatureCache(path: file.path, key: key, layout: layout) else {
        throw .checkpoint(path: file.path, reason: "the features cannot be read back")
      }
      return cache
    }
  }

  /// Reads some samples' maps into a network's inputs, and returns their ground truths.
  package func read(_ samples: [Int], into network: TrainableNetwork) -> [UInt8] {
    precondition(samples.count == network.batch, "\(samples.count) samples for a batch of \(network.batch)")
    let inputs = zip(layout.taps, layout.shapes).map { tap, shape in (network.input(tap), shape.count) }
    var truth = [UInt8](repeating: 0, count: samples.count * layout.truth)
    let bytes = unsafe file.bytes
    let kernels = network.kernels
    unsafe truth.withUnsafeMutableBytes { truth in
      let truth = unsafe truth
      kernels.session.pool.run(samples.count) { place, _ in
        let sample = samples[place]
        for (index, (input, count)) in inputs.enumerated() {
          let begin = offsets[index] + sample * count * 2
          let halves = unsafe bytes.baseAddress! + begin
          unsafe kernels.widen(halves.assumingMemoryBound(to: UInt16.self), to: input.part(place * count, count))
          file.release(begin..<begin + count * 2)
        }
        let begin = offsets[layout.taps.count] + sample * layout.truth
        let part = unsafe UnsafeRawBufferPointer(rebasing: bytes[begin..<begin + layout.truth])
        unsafe UnsafeMutableRawBufferPointer(rebasing: truth[place * layout.truth..<(place + 1) * layout.truth])
          .copyMemory(from: part)
      }
    }
    return truth
  }
}

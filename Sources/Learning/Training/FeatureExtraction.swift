import Backbone
import Datasets
import Graphs
import ImageTypes
import Kernels
import ModelFiles
import Processing
import Synchronization

/// The progress of filling a cache.
private struct Progress {
  var done = 0
  var error: TrainingError?
}

/// The filling of a feature cache with the frozen backbone's maps of every picture and variant.
package struct FeatureExtraction {
  private let backbone: Network
  private let preprocessor: Preprocessor
  private let taps: [Tap]

  /// - Parameter taps: in the order of the cache's layout.
  package init(_ backbone: Network, _ preprocessor: Preprocessor, taps: [Tap]) {
    self.backbone = backbone
    self.preprocessor = preprocessor
    self.taps = taps
  }

  /// Computes and stores the samples.
  ///
  /// The threads share the pictures.
  ///
  /// - Parameters:
  ///   - truth: the cached bytes of a sample's ground truth, called from several threads.
  ///   - ended: called after each picture, from any thread, one at a time, with the number done and the reason why this
  ///     one is unusable, if any.
  /// - Throws: the error that stopped the storing.
  package func fill(
    _ writer: FeatureCache.Writer, _ source: TrainingSamples, truth: (LabelledImage) -> [UInt8],
    ended: (_ done: Int, _ fault: (picture: Int, error: DatasetError)?) -> Void
  ) throws(TrainingError) {
    let progress = Mutex(Progress())
    // At most as many tasks at a time as a pool takes.
    for first in stride(from: 0, to: source.pictures, by: 8192) {
      backbone.session.pool.run(min(8192, source.pictures - first)) { task, _ in
        let picture = first + task
        guard progress.withLock({ $0.error == nil }) else { return }
        var fault: (picture: Int, error: DatasetError)?
        do throws(DatasetError) {
          let make = try source.open(picture)
          for (variant, sample) in source.samples(of: picture).enumerated() {
            let labelled = try make(variant)
            let maps = maps(of: labelled.image)
            do throws(TrainingError) { try writer.store(sample, maps: maps, truth: truth(labelled)) } catch {
              progress.withLock { $0.error = error }
              return
            }
          }
        } catch { fault = (picture, error) }
        progress.withLock {
          $0.done += 1
          ended($0.done, fault)
        }
      }
    }
    if let error = progress.withLock({ $0.error }) { throw error }
  }

  /// Computes the maps of an image and discards them, for timing.
  func run(_ image: Image) { _ = maps(of: image) }

  /// The bytes of the taps' maps in half precision.
  private func maps(of image: Image) -> [[UInt8]] {
    let prepared = preprocessor.prepare(image, session: backbone.session)
    let kernels = TrainingKernels(backbone.session)
    // Where the whole network is trained, the image is the only cached input.
    let frozen = taps.filter { $0.name != Graph.image }
    let maps: FeatureMaps
    do { maps = try backbone.features(of: prepared.tensor, taps: frozen) } catch {
      preconditionFailure("the input was checked before: \(error)")
    }
    var halves: [[UInt8]] = []
    for tap in taps {
      halves.append(
        tap.name == Graph.image ? kernels.halves(of: prepared.tensor) : kernels.halves(of: maps[tap].tensor))
    }
    return halves
  }
}

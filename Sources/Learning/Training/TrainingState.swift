import Files
import Kernels
import ModelFiles

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// One line of the log.
public struct TrainingRecord: Codable, Hashable, Sendable {
  /// Steps done.
  public let step: Int
  /// The epoch of the last step, counted from 1.
  public let epoch: Int
  /// The mean loss since the line before.
  public let loss: Double
  /// The rate of the last step.
  public let rate: Float
  /// The metric on the validation pictures, at the end of an epoch.
  public let metric: Double?
}

/// A reset of a run after a collapse.
public struct SetBack: Codable, Hashable, Sendable {
  /// The reason of a reset.
  public enum Reason: Codable, Hashable, Sendable {
    /// The loss was infinite or NaN.
    case notFinite
    /// The mean loss of the last steps, and the lowest such mean before.
    case lossRose(to: Double, from: Double)
    /// The network's outputs no longer depended on the image, since its activations had died.
    case constantOutputs
  }

  /// Steps done.
  public let step: Int
  /// The sign by which the collapse was noticed.
  public let reason: Reason
  /// The epoch whose weights were restored; 0 for the initial ones.
  public let epoch: Int
}

/// A run's checkpoint: every tensor that changes, its progress, and its log.
///
/// There is no other state: a step's samples follow from the seed and the step's number. So a resumed run ends with the
/// same bits as an uninterrupted one.
struct TrainingState {
  struct Progress: Codable, Hashable {
    var step = 0
    /// Losses since the last record.
    var lossSum = 0.0
    var lossCount = 0
    var records: [TrainingRecord] = []
    /// The first mean loss that was recorded, and the lowest.
    var firstLoss: Double?
    var lowestLoss: Double?
    /// The greatest metric, and the epoch of the best weights.
    var bestMetric: Double?
    var bestEpoch = 0
    var setBacks: [SetBack] = []
    /// Whether the run has ended before its last step.
    var hasEnded = false
  }

  /// Writes a checkpoint, whole or not at all.
  ///
  /// - Parameter settings: the run's settings, in the form in which they are compared.
  static func save(_ parameters: ParameterSet, _ progress: Progress, settings: [String: String], to path: String)
    throws(TrainingError)
  {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let texts: (progress: String, settings: String)
    do {
      texts = (
        String(decoding: try encoder.encode(progress), as: UTF8.self),
        String(decoding: try encoder.encode(settings), as: UTF8.self)
      )
    } catch { throw .checkpoint(path: path, reason: "cannot be written as JSON: \(error)") }
    let state = parameters.state
    do throws(ModelFileError) {
      let header = try Safetensors.header(
        metadata: ["progress": texts.progress, "settings": texts.settings],
        tensors: state.map { .init(name: $0.name, type: .float32, shape: [$0.values.count]) }, path: path)
      do throws(FileError) {
        try AtomicFile.write(to: path) { (sink: inout FileSink) throws(FileError) in
          try sink.append(header)
          for (_, values) in state {
            try values.values.span.withBytes { (bytes: RawSpan) throws(FileError) in try sink.append(bytes) }
          }
        }
      } catch { throw .file(error) }
    } catch { throw .model(error) }
  }

  /// Reads a checkpoint into the parameters of the same run.
  ///
  /// - Throws: `TrainingError.checkpoint`, with the settings that differ.
  static func load(_ path: String, into parameters: ParameterSet, settings: [String: String])
    throws(TrainingError) -> Progress
  {
    let file: MappedFile
    let header: Safetensors
    do { file = try MappedFile(path: path, .modelBytes, of: .standard) } catch { throw .file(error) }
    do { header = try Safetensors(file) } catch { throw .model(error) }
    let decoder = JSONDecoder()
    guard let progressText = header.metadata["progress"], let settingsText = header.metadata["settings"],
      let progress = try? decoder.decode(Progress.self, from: Data(progressText.utf8)),
      let known = try? decoder.decode([String: String].self, from: Data(settingsText.utf8)), progress.step >= 0
    else { throw .checkpoint(path: path, reason: "is no checkpoint of a training run") }
    let differing = Set(known.keys).union(settings.keys).filter { known[$0] != settings[$0] }.sorted()
    guard differing.isEmpty else {
      let list = differing.map { "\($0) was \(known[$0] ?? "not set"), is \(settings[$0] ?? "not set")" }
      throw .checkpoint(path: path, reason: "is of a run with other settings: \(list.joined(separator: "; "))")
    }
    let state = parameters.state
    guard Set(state.map(\.name)) == Set(header.tensors.keys) else {
      throw .checkpoint(path: path, reason: "is of a network with other layers")
    }
    for (name, values) in state {
      let entry = header.tensors[name]!
      guard entry.type == .float32, entry.count == values.count,
        let found = file.floats(at: entry.begin, count: entry.count)
      else { throw .checkpoint(path: path, reason: "is of a network whose tensor \(name) has another size") }
      values.set(found)
    }
    return progress
  }
}

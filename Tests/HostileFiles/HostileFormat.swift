import Checkpoints
import Datasets
import Files
import ImageCodecs
import ImageTypes
import ModelFiles

/// A format of untrusted files, and the readers under test.
package enum HostileFormat: String, CaseIterable, Sendable {
  case coco, cvat, graph, jpeg, labelme, png, safetensors, supervisely, tflite, voc, yolo

  /// The result of reading a file.
  package enum Verdict: Equatable, Sendable {
    case accepted
    /// A refusal, with the error's one line.
    case refused(String)
    /// A violation of the reader's contract, although the reader ended.
    case wrong(String)
  }

  /// Limits so small that a reader which exceeds them runs out of memory.
  package static let limits: Limits = {
    var limits = Limits()
    limits.pixels = 4 << 20
    limits.fileBytes = 16 << 20
    limits.modelBytes = 16 << 20
    limits.headerBytes = 1 << 20
    limits.textBytes = 1 << 20
    limits.datasetBytes = 16 << 20
    limits.fields = 200_000
    limits.records = 100_000
    limits.points = 100_000
    return limits
  }()

  /// Reads the file and checks the reader's contract.
  package func read(_ bytes: [UInt8], _ limits: Limits = limits) -> Verdict {
    do {
      switch self {
      case .coco, .cvat, .labelme, .supervisely, .voc, .yolo:
        let boxes = try AnnotationFile(rawValue: rawValue)!.read(bytes, path: "file", width: 40, height: 30, limits)
        guard boxes.allSatisfy(\.box.isProper) else { return .wrong("a box that is none") }
      case .graph, .tflite: return try imported(bytes, limits)
      case .jpeg, .png:
        if let fault = HostileFormat.recoveryFault(bytes, limits) { return .wrong(fault) }
        let image = try ImageFile.decode(bytes: bytes, name: "file", limits: limits)
        guard image.width * image.height <= limits.pixels, image.pixels.count == image.width * image.height * 3 else {
          return .wrong("a picture of \(image.width)x\(image.height)")
        }
        if self == .png, let mask = try? PNGDecoder.decodeIndices(bytes: bytes, name: "file", limits: limits),
          mask.indices.count != image.width * image.height
        {
          return .wrong("a mask of another size")
        }
      case .safetensors:
        let file = try MappedFile(path: "file", copying: bytes)
        do throws(ModelFileError) {
          return HostileFormat.finite(try ModelFile.read(file, limits).weights)
        } catch {
          // A file without a card is another program's.
          guard case .card = error else { throw error }
          return try imported(bytes, limits)
        }
      }
      return .accepted
    } catch let error as ImageError {
      if case .outOfMemory = error { return .wrong(error.description) }
      return HostileFormat.checked(error.description)
    } catch { return HostileFormat.checked("\(error)") }
  }

  /// What is wrong with the picture that is recovered from damaged bytes.
  private static func recoveryFault(_ bytes: [UInt8], _ limits: Limits) -> String? {
    do throws(ImageError) {
      let found = try ImageFile.recover(bytes: bytes, name: "file", limits: limits)
      let (width, height) = (found.image.width, found.image.height)
      let isProper = width * height <= limits.pixels && found.image.pixels.count == width * height * 3
      return isProper ? nil : "a recovered picture of \(width)x\(height)"
    } catch {
      if case .outOfMemory = error { return error.description }
      return nil
    }
  }

  private func imported(_ bytes: [UInt8], _ limits: Limits) throws -> Verdict {
    let file = try MappedFile(path: "file", copying: bytes)
    return HostileFormat.finite(try Importer.importCheckpoint(file, limits: limits).weights)
  }

  private static func finite(_ weights: Weights) -> Verdict {
    for name in weights.entries.keys where weights.withValues(name, { firstAbnormal($0) }) != nil {
      return .wrong("the tensor \(name) holds a value that is no normal number")
    }
    return .accepted
  }

  /// Checks that an error is one line that begins with the file's name.
  private static func checked(_ words: String) -> Verdict {
    let isLine = words.hasPrefix("file") && !words.contains("\n") && words.utf8.count < 20_000
    return isLine ? .refused(words) : .wrong("an error that is no line about the file: \(words.prefix(200))")
  }
}

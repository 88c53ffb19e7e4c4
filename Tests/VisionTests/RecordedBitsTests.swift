import Backbone
import Checkpoints
import Files
import Graphs
import ImageCodecs
import ImageTypes
import Kernels
import ModelFiles
import Models
import Processing
import SSDLite
import TestSupport
import Testing
import Vision

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Digests of every map and every logit of the shipped models: only a change of arithmetic changes them.
///
/// `BACKBONE_RECORD_BITS=1 swift test -c release --filter RecordedBitsTests` records them anew after an intended change
/// of arithmetic.
@Suite(.timeLimit(.minutes(4))) struct RecordedBitsTests {
  private static let golden = "recorded_bits.json"
  private static let deepLab = "models/deeplabv3_257_mv_gpu.tflite"
  private static let pictures = ["astronaut.png", "chelsea.png", "grace_hopper.jpg"]
  private static let isRecording = ProcessInfo.processInfo.environment["BACKBONE_RECORD_BITS"] != nil

  /// Digests by their subject.
  private struct Recorded: Codable {
    /// Of decoded images: another version of libjpeg may decode other pixels.
    var pixels: [String: String] = [:]
    /// By model, image and instruction set: of the maps from shallow to deep and then of the head's outputs, 8
    /// hexadecimal digits each.
    var outputs: [String: [String: [String: String]]] = [:]
  }

  private static func digest(_ values: [Float]) -> String {
    String(
      SHA256.hexDigest(
        of: values.flatMap { value in (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> ($0 * 8)) } }
      ).prefix(8))
  }

  private static func model(_ name: String) throws -> ModelFile {
    if name == "deeplab" {
      let path = TestData.path(deepLab)!
      let model = try Importer.importCheckpoint(path: path)
      return ModelFile(path: path, card: model.card, weights: model.weights)
    }
    let shipped = ShippedModel.all
    return try ModelStore(folder: "", shipped: shipped).open(name)
  }

  /// The maps of all taps, then the head's outputs on its input maps.
  private static func outputs(_ model: ModelFile, _ image: Image, _ isa: InstructionSet, threads: Int) throws
    -> [String]
  {
    let session = Session(threads: threads, kernels: KernelSet(isa)!)
    let network = try Network(model.card.backbone, weights: model.weights, session: session)
    let prepared = try Preprocessor(model.card.input).prepare(image, session: session)
    let taps = network.taps.map(\.tap).filter { !$0.name.hasSuffix("/depthwise") }
    let all = try network.features(of: prepared.tensor, taps: taps)
    var found = taps.map { digest(all[$0].tensor.values()) }
    let whole = try Network(Graph(model.card), weights: model.weights, session: session)
    if let card = model.card.detection {
      let logits = try BoxLogits(whole, prepared.tensor, outputs: card.outputs)
      found += [digest(logits.codes), digest(logits.logits)]
    } else {
      found.append(digest(try whole.outputs(of: prepared.tensor)[0].tensor.values()))
    }
    return found
  }

  private static func image(_ name: String) throws -> Image { try ImageFile.read(path: TestData.sample(name)) }

  private static let models =
    ["objects-ssdlite", "objects-mask", "person-ssdlite", "person-mask"] + (TestData.has(deepLab) ? ["deeplab"] : [])

  @Test(.enabled(if: !isRecording), arguments: models, KernelSet.available.map(\.isa))
  func theyAreTheSameBits(name: String, isa: InstructionSet) throws {
    let recorded: Recorded = try Golden.load(Self.golden)
    let model = try Self.model(name)
    for picture in Self.pictures {
      let image = try Self.image(picture)
      guard recorded.pixels[picture] == SHA256.hexDigest(of: image.pixels) else {
        #expect(picture.hasSuffix(".jpg"), "\(picture) has other pixels")
        continue
      }
      // An instruction set that has not been recorded yet.
      guard let expected = recorded.outputs[name]?[picture]?[isa.rawValue] else { continue }
      for threads in [1, 2] {
        let found = try Self.outputs(model, image, isa, threads: threads)
        let names = model.card.backbone.network
        let place = zip(found, Self.parts(expected)).enumerated().first { $1.0 != $1.1 }?.offset
        #expect(
          found.joined() == expected,
          "\(name) on \(picture), \(isa), \(threads) threads: output \(place ?? -1) of \(found.count), \(names)")
      }
    }
  }

  private static func parts(_ digests: String) -> [String] {
    stride(from: 0, to: digests.count, by: 8).map { start in
      String(digests.dropFirst(start).prefix(8))
    }
  }

  @Test(.enabled(if: isRecording)) func record() throws {
    var recorded = Recorded()
    for picture in Self.pictures {
      let image = try Self.image(picture)
      recorded.pixels[picture] = SHA256.hexDigest(of: image.pixels)
      for name in Self.models {
        let model = try Self.model(name)
        for isa in KernelSet.available.map(\.isa) {
          recorded.outputs[name, default: [:]][picture, default: [:]][isa.rawValue] =
            try Self.outputs(model, image, isa, threads: 1).joined()
        }
      }
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
    let bytes = Array(try encoder.encode(recorded)) + [10]
    try AtomicFile.write(bytes, to: "\(Golden.folder)/\(Self.golden)")
  }
}

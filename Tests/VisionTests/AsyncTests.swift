import Backbone
import ImageTypes
import ModelFiles
import TestSupport
import Testing
import Vision

/// The asynchronous forms, on small networks with random weights.
@Suite struct AsyncTests {
  private static func model(_ task: ModelCard.Task) -> ModelFile {
    let card = ModelCard(
      name: "random", task: task, family: "test",
      provenance: Provenance(origin: "a test", licence: "none", sourceSHA256: String(repeating: "0", count: 64)),
      backbone: BackboneCard(
        widthMultiplier: 0.35, outputStride: 32, padding: .same, batchNormEpsilon: 1e-3,
        hasLastConvolution: true),
      input: InputCard(
        width: 96, height: 96, fit: .stretch, grid: .halfPixel, antialias: false, mean: [127.5, 127.5, 127.5],
        standardDeviation: [127.5, 127.5, 127.5]),
      detection: task == .detect
        ? DetectionCard(
          outputs: 4, scoreActivation: .sigmoid, backgroundOutput: 0, boxCoder: [10, 10, 5, 5], minimumScale: 0.2,
          maximumScale: 0.95, maps: 6, scoreThreshold: 0.1, iouThreshold: 0.6, maximumDetections: 100) : nil,
      segmentation: task == .segment
        ? SegmentationCard(
          outputs: 5, backgroundID: 0, voidID: 255, upsampling: .alignCorners, batchNormEpsilon: 1e-5) : nil)
    return SmallModels.random("random", card)
  }

  private static let pictures: [Image] = {
    var random = SplitMix64(seed: 31)
    return [(96, 96), (40, 70), (200, 110)].map { width, height in
      Image(
        width: width, height: height, pixels: (0..<width * height * 3).map { _ in UInt8(random.integer(in: 0...255)) })
    }
  }()

  @Test func detectionsAreTheSameInBothForms() async throws {
    let model = Self.model(.detect)
    let detector = try Detector(model, threads: 2)
    let expected = try Self.pictures.map { try detector.detect($0) }
    #expect(expected.contains { !$0.isEmpty })
    try await withThrowingTaskGroup(of: (Int, [Detection]).self) { group in
      for call in 0..<24 {
        group.addTask { (call % 3, try await detector.detect(Self.pictures[call % 3])) }
      }
      for try await (index, found) in group { #expect(found == expected[index]) }
    }
  }

  @Test func labelMapsAreTheSameInBothForms() async throws {
    let model = Self.model(.segment)
    let segmenter = try Segmenter(model, threads: 2)
    let expected = try Self.pictures.map { try segmenter.segment($0).ids }
    for (picture, ids) in zip(Self.pictures, expected) { #expect(try await segmenter.segment(picture).ids == ids) }
  }

  @Test func cancelledTasksGetNoAnswer() async throws {
    let detector = try Detector(
      Self.model(.detect), threads: 1)
    let segmenter = try Segmenter(
      Self.model(.segment), threads: 1)
    await #expect(throws: CancellationError.self) {
      try await Task {
        unsafe withUnsafeCurrentTask { unsafe $0?.cancel() }
        _ = try await detector.detect(Self.pictures[0])
      }.value
    }
    await #expect(throws: CancellationError.self) {
      try await Task {
        unsafe withUnsafeCurrentTask { unsafe $0?.cancel() }
        _ = try await segmenter.segment(Self.pictures[0])
      }.value
    }
  }
}

import CLISupport
import Datasets
import Files
import ImageTypes
import Kernels
import ModelFiles
import Training
import Vision

/// The source of labels for unlabelled images: a teacher model or a folder of masks.
enum TeacherChoice {
  case model(ModelFile)
  /// A folder of masks.
  case maps(String)

  /// A folder, or a model by name or path.
  ///
  /// - Throws: `Failure` with status `model`.
  init(_ value: String, _ limits: LimitOptions) throws(Failure) {
    self = Folder.isFolder(value) ? .maps(value) : .model(try ModelChoice.open(value, limits))
  }
}

/// The correspondence of a teacher's outputs and a task's classes.
private struct TaughtClasses {
  /// The task's class of each output, 0 for none; `nil` for outputs whose pixels have the ignore index.
  let places: [Int?]

  /// - Throws: `Failure` with status `usage` for a class that the teacher does not have.
  init(
    _ card: ModelCard, outputs: Int, classes: [String], mapping: ClassMapping?, needsAll: Bool
  ) throws(Failure) {
    var places = [Int?](repeating: 0, count: outputs)
    for label in card.labels where places.indices.contains(label.output) {
      if let mapping {
        if mapping.void.contains(label.name) { places[label.output] = nil }
        guard let target = mapping.targets.firstIndex(where: { $0.sources.contains(label.name) }) else { continue }
        places[label.output] = target + 1
      } else {
        places[label.output] = classes.dropFirst().firstIndex(of: label.name) ?? 0
      }
    }
    self.places = places
    let unknown = classes.indices.dropFirst().filter { !places.contains($0) }.map { classes[$0] }
    guard needsAll ? unknown.isEmpty : unknown.count < classes.count - 1 else {
      throw Failure(
        .usage,
        "--teacher: \(card.name) does not know \(unknown.joined(separator: ", ")); its classes are "
          + card.labels.map(\.name).joined(separator: ", ") + "; choose among the data's classes with --classes")
    }
  }
}

extension ModelFile {
  /// A text that identifies the model's outputs: its input, backbone and weights.
  fileprivate var key: String {
    "\(card.input) \(card.backbone) \(weights.checksum(of: weights.entries.keys.sorted()))"
  }
}

/// A segmentation model as a teacher.
struct MaskTeacher: SegmentationTeacher {
  let key: String
  private let segmenter: Segmenter
  private let places: [Int?]
  private let classes: Int

  /// - Throws: `Failure` if it is not a segmenter, or lacks a class of the task.
  init(_ model: ModelFile, classes: [String], mapping: ClassMapping?) throws(Failure) {
    do throws(VisionError) {
      // Images are labelled in parallel, each on one thread.
      segmenter = try Segmenter(model, threads: 1)
      let blank = Image(width: 1, height: 1)
      _ = try segmenter.probabilities(of: blank, height: 1, width: 1)
    } catch { throw Failure(.model, "--teacher: \(told(error))") }
    places = try TaughtClasses(
      model.card, outputs: model.card.segmentation?.outputs ?? 0, classes: classes, mapping: mapping, needsAll: true
    ).places
    self.classes = classes.count
    key = "\(model.key) \(places)"
  }

  func probabilities(of image: Image, height: Int, width: Int) -> [Float] {
    let found: [Float]
    do { found = try segmenter.probabilities(of: image, height: height, width: width) } catch {
      preconditionFailure("the input was tried before: \(error)")
    }
    var answer = [Float](repeating: 0, count: height * width * classes)
    for cell in 0..<height * width {
      for (output, place) in places.enumerated() {
        if let place { answer[cell * classes + place] += found[cell * places.count + output] }
      }
    }
    return answer
  }
}

/// A detector as a teacher.
struct BoxTeacher: DetectionTeacher {
  let key: String
  private let detector: Detector
  private let places: [Int?]
  private let score: Float

  /// - Parameter score: detections above it are ground truth; detections between half of it and it are ignored in
  ///   training.
  /// - Throws: `Failure` if it is not a detector, or has none of the task's classes.
  init(_ model: ModelFile, classes: [String], mapping: ClassMapping?, score: Float) throws(Failure) {
    do throws(VisionError) {
      detector = try Detector(model, threads: 1)
      _ = try detector.detect(Image(width: 1, height: 1))
    } catch { throw Failure(.model, "--teacher: \(told(error))") }
    places = try TaughtClasses(
      model.card, outputs: model.card.detection?.outputs ?? 0, classes: classes, mapping: mapping, needsAll: false
    ).places
    self.score = score
    key = "\(model.key) \(places) \(score)"
  }

  func things(in image: Image) -> [TaughtThing] {
    var options = DetectionOptions()
    options.scoreThreshold = score / 2
    let found: [Detection]
    do { found = try detector.detect(image, options) } catch {
      preconditionFailure("the input was tried before: \(error)")
    }
    return found.compactMap { thing in
      guard let place = places[thing.output], place > 0 else { return nil }
      return TaughtThing(box: thing.box, classIndex: place, isSure: thing.score > score)
    }
  }
}

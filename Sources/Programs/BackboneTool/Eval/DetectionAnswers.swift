import CLISupport
import Datasets
import Evaluation
import ImageTypes
import ModelFiles
import Vision

/// The predictions for a data set's images, with their source.
struct DetectionAnswers {
  /// The model, or the file of predictions.
  let source: String
  var remarks: [String] = []
  /// The predicted boxes of each image of the data set.
  let found: [[FoundBox]]

  /// The options for measuring average precision: the best boxes of an image at any score, as many as COCO's tools use.
  static var everything: DetectionOptions {
    var options = DetectionOptions()
    options.scoreThreshold = 0
    options.maximumDetections = COCOEvaluation.maximumDetections
    // The field's convention: one view of the whole image.
    options.views = .whole
    return options
  }
}

extension DetectionAnswers {
  /// Runs a model on the images.
  ///
  /// Classes that the model does not have and images that cannot be read are removed from the data.
  ///
  /// - Parameter options: the detector's options.
  /// - Throws: `Failure` if the model cannot run or has no class in common with the data.
  init(
    of file: ModelFile, about data: inout DetectionData, _ options: DetectionOptions = everything, threads: Int?,
    limits: LimitOptions, _ loop: inout EvalLoop
  ) throws(Failure) {
    let detector: Detector
    do { detector = try Detector(file, threads: threads) } catch { throw Failure(.model, told(error)) }
    let match = ClassMatch(data.classes, labels: detector.card.labels)
    try match.check(data.classes, model: detector.card.name)
    data.keep(match.known)
    var done: [(picture: DetectionData.Picture, found: [FoundBox])] = []
    let pictures = data.pictures
    try loop.run(pictures.count) { (index) throws(Failure) in
      let found = try Self.detect(in: pictures[index].sample!, with: detector, options, limits)
      let boxes = found.compactMap { one in
        match.placeOfOutput[one.output].map {
          FoundBox(classIndex: $0, score: Double(one.score), extent: Extent(one.box))
        }
      }
      done.append((pictures[index], boxes))
    }
    data.pictures = done.map(\.picture)
    self.init(source: detector.card.name, remarks: match.remarks, found: done.map(\.found))
  }

  private static func detect(
    in sample: Sample, with detector: Detector, _ options: DetectionOptions, _ limits: LimitOptions
  ) throws(Failure) -> [Detection] {
    let image: Image
    do { image = try sample.readImage(limits: limits.limits) } catch { throw Failure(.inputs, told(error)) }
    do { return try detector.detect(image, options) } catch {
      throw Failure(.model, "\(sample.path): \(told(error))", stops: true)
    }
  }
}

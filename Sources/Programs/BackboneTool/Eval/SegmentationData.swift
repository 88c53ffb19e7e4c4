import CLISupport
import Datasets
import Evaluation
import ImageCodecs
import ImageTypes
import Processing
import Vision

/// The images of a segmentation data set, and the classes of its mask values.
struct SegmentationData {
  /// The classes, with the background first.
  let classes: [EvalClass]
  let samples: [Sample]
  /// The class of each value of a mask file; -1 for a value without a class.
  let classOfValue: [Int]
  /// The number of images that the data set could not provide.
  let skipped: Int

  /// - Throws: `Failure` if a wanted class is missing, or if the data sets have different classes.
  init(_ datasets: [Dataset], _ mapping: ClassMapping?, limit: Int?) throws(Failure) {
    do throws(DatasetError) {
      var joined: Dataset?
      for dataset in datasets {
        var part = dataset.withMasks
        if let mapping { part = try part.mapped(by: mapping) }
        joined = try joined?.joined(with: part) ?? part
      }
      let all = joined!
      var classOfValue = [Int](repeating: -1, count: 256)
      var sources = all.classes.map { [$0.name] }
      let own = datasets[0].classes
      // Where boxes' numbers begin with a class, they do not tell it from the background; then the place is the value.
      let isUnique = Set(own.map(\.id)).count == own.count
      for (index, one) in own.enumerated() {
        let value = isUnique ? one.id : index
        guard (0...255).contains(value) else { continue }
        // Without a mapping the values stay the same.
        let target = mapping.map { mapping in (mapping.targets.firstIndex { $0.sources.contains(one.name) } ?? -1) + 1 }
        classOfValue[value] = target ?? index
      }
      if let mapping { for (index, target) in mapping.targets.enumerated() { sources[index + 1] = target.sources } }
      self.classOfValue = classOfValue
      classes = zip(all.classes, sources).map { one, sources in
        let place = sources.lazy.compactMap { name in own.firstIndex { $0.name == name } }.first ?? 0
        return EvalClass(name: one.name, sources: sources, ids: [isUnique ? one.id : place])
      }
      samples = Array(all.samples.prefix(limit ?? .max))
      skipped = all.skipped.count
    } catch { throw Failure(.inputs, told(error)) }
  }
}

/// The ground-truth mask and the predicted mask of an image, both in the measured classes.
struct MaskPredictor {
  private enum Source {
    case folder(String)
    case model(Segmenter, Views)
  }

  /// The measured classes, the background first.
  let classes: [EvalClass]
  /// The model, or the folder of predictions.
  let source: String
  let remarks: [String]
  private let from: Source
  /// The measured class of each class of the data set, and of each value or output of the source; 255 for none.
  private let ofTruth, ofPrediction: [UInt8]
  /// The values of a folder's masks that have no class.
  private let isUnknown: [Bool]

  init(folder: String, _ data: SegmentationData) {
    classes = data.classes
    source = folder
    remarks = []
    from = .folder(folder)
    ofTruth = (0..<256).map { UInt8($0) }
    ofPrediction = data.classOfValue.map { $0 < 0 ? 255 : UInt8($0) }
    isUnknown = data.classOfValue.enumerated().map { $0.element < 0 && $0.offset != 255 }
  }

  /// - Throws: `Failure` if model and data have no class in common.
  init(_ segmenter: Segmenter, _ views: Views, _ data: SegmentationData) throws(Failure) {
    let things = Array(data.classes.dropFirst())
    let match = ClassMatch(things, labels: segmenter.card.labels)
    try match.check(things, model: segmenter.card.name)
    classes = [data.classes[0]] + match.known.map { things[$0] }
    source = segmenter.card.name
    remarks = match.remarks.map { $0.replacing("not measured", with: "background") }
    from = .model(segmenter, views)
    var ofTruth = [UInt8](repeating: 0, count: 256), ofPrediction = ofTruth
    ofTruth[255] = 255
    for (place, index) in match.known.enumerated() { ofTruth[index + 1] = UInt8(place + 1) }
    for (output, place) in match.placeOfOutput where (0..<256).contains(output) {
      ofPrediction[output] = UInt8(place + 1)
    }
    (self.ofTruth, self.ofPrediction) = (ofTruth, ofPrediction)
    isUnknown = [Bool](repeating: false, count: 256)
  }

  /// The image, its ground truth and its prediction.
  ///
  /// - Throws: `Failure`.
  func masks(_ sample: Sample, _ limits: LimitOptions) throws(Failure) -> (Image, Mask, Mask) {
    let image: Image
    let mask: Mask
    do {
      image = try sample.readImage(limits: limits.limits)
      mask = try sample.readMask(limits: limits.limits)!
    } catch { throw Failure(.inputs, told(error)) }
    let found: Mask
    switch from {
    case .folder(let folder): found = try stored("\(folder)/\(sample.name).png", like: mask, limits)
    case .model(let segmenter, let views):
      do { found = try segmenter.segment(image, views: views) } catch {
        throw Failure(.model, "\(sample.path): \(told(error))", stops: true)
      }
    }
    return (image, MaskPredictor.map(mask, ofTruth), MaskPredictor.map(found, ofPrediction))
  }

  private func stored(_ path: String, like mask: Mask, _ limits: LimitOptions) throws(Failure) -> Mask {
    let stored: IndexedImage
    do { stored = try PNGDecoder.readIndices(path: path, limits: limits.limits) } catch {
      throw Failure(.inputs, told(error))
    }
    guard stored.width == mask.width, stored.height == mask.height else {
      throw Failure(
        .inputs,
        "\(path): is \(stored.width)x\(stored.height), expected \(mask.width)x\(mask.height) as its picture; enlarge the "
          + "predictions to their pictures' sizes")
    }
    if let value = stored.indices.first(where: { isUnknown[Int($0)] }) {
      throw Failure(
        .inputs,
        "\(path): the value \(value) is no class of the data set, expected "
          + "\(classes.map { "\($0.ids[0])" }.joined(separator: ", ")); write the data set's own numbers")
    }
    return Mask(width: stored.width, height: stored.height, ids: stored.indices)
  }

  /// A predicted mask in the data set's own ids.
  func stored(_ map: Mask) -> Mask {
    var table = [UInt8](repeating: 255, count: 256)
    for (index, one) in classes.enumerated() { table[index] = UInt8(clamping: one.ids[0]) }
    return MaskPredictor.map(map, table)
  }

  private static func map(_ map: Mask, _ table: [UInt8]) -> Mask {
    Mask(width: map.width, height: map.height, ids: map.ids.map { table[Int($0)] })
  }
}

import CLISupport
import Datasets
import Evaluation
import Files

/// The images of a detection data set with their ground-truth boxes, for the evaluation.
struct DetectionData {
  struct Picture {
    /// The image's name in messages and files.
    let name: String
    /// The image's id in COCO.
    let id: Int?
    /// The image's id where it is a text.
    let textID: String?
    /// The image's file.
    let sample: Sample?
    /// The ground truth; class indices refer to `classes`.
    var truth: [TrueBox]
  }

  var classes: [EvalClass]
  var pictures: [Picture]
  /// The number of images that the data set could not provide.
  let skipped: Int

  /// The images and boxes of a data set.
  init(_ dataset: Dataset) {
    classes = dataset.classes.dropFirst().map { EvalClass(name: $0.name, sources: [$0.name], ids: [$0.id]) }
    pictures = dataset.withBoxes.samples.map { sample in
      Picture(
        name: sample.name, id: sample.id, textID: sample.textID, sample: sample,
        truth: sample.boxes.map {
          TrueBox(
            classIndex: $0.classIndex - 1, extent: Extent($0.box), area: Double($0.area), isCrowd: $0.crowd,
            isDifficult: $0.difficult)
        })
    }
    skipped = dataset.skipped.count
  }

  /// The boxes of a COCO file, without its images.
  init(_ truth: COCOTruth) {
    classes = truth.classes.map { EvalClass(name: $0.name, sources: [$0.name], ids: [$0.id]) }
    pictures = truth.pictures.map { picture in
      Picture(
        name: picture.name, id: picture.id, textID: picture.textID, sample: nil,
        truth: picture.annotations.map {
          TrueBox(
            classIndex: $0.classIndex, extent: Extent(x: $0.x, y: $0.y, width: $0.width, height: $0.height),
            area: $0.area, isCrowd: $0.isCrowd)
        })
    }
    skipped = 0
  }

  /// Several data sets as one.
  ///
  /// If all images have COCO ids, they are ordered by id, whatever the parts.
  ///
  /// - Throws: `Failure` unless the parts have the same classes.
  init(joining parts: [DetectionData]) throws(Failure) {
    let names = parts[0].classes.map(\.name)
    for part in parts where part.classes.map(\.name) != names {
      let error = DatasetError.classes(
        expected: "the same ones in all: \(names.joined(separator: ", "))",
        found: part.classes.map(\.name).joined(separator: ", "))
      throw Failure(.inputs, told(error))
    }
    classes = parts[0].classes
    pictures = parts.flatMap(\.pictures)
    // COCO's tools process images in the order of ids, which decides between equal scores.
    if pictures.allSatisfy({ $0.id != nil }) {
      pictures = pictures.enumerated().sorted { ($0.element.id!, $0.offset) < ($1.element.id!, $1.offset) }
        .map(\.element)
    }
    skipped = parts.reduce(0) { $0 + $1.skipped }
  }

  /// Keeps some classes, in that order; boxes of other classes are removed.
  mutating func keep(_ places: [Int]) {
    classes = places.map { classes[$0] }
    renumber(Dictionary(uniqueKeysWithValues: places.enumerated().map { ($1, $0) }))
  }

  /// Gives the boxes new class indices; boxes without one are removed.
  private mutating func renumber(_ new: [Int: Int]) {
    for index in pictures.indices {
      pictures[index].truth = pictures[index].truth.compactMap { box in
        guard let place = new[box.classIndex] else { return nil }
        var box = box
        box.classIndex = place
        return box
      }
    }
  }

  /// Keeps the wanted classes, each made of one or several of the data set's classes.
  ///
  /// - Throws: `Failure` if the data set has none of the sources of a wanted class.
  mutating func apply(_ mapping: ClassMapping) throws(Failure) {
    let indexOfName = Dictionary(classes.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
    var made: [EvalClass] = []
    var new: [Int: Int] = [:]
    for target in mapping.targets {
      let sources = target.sources.compactMap { indexOfName[$0] }
      guard !sources.isEmpty else {
        let error = DatasetError.classes(
          expected: target.sources.joined(separator: " or "), found: classes.map(\.name).joined(separator: ", "))
        throw Failure(.inputs, told(error))
      }
      for source in sources { new[source] = made.count }
      made.append(EvalClass(name: target.name, sources: target.sources, ids: sources.flatMap { classes[$0].ids }))
    }
    renumber(new)
    classes = made
  }

  /// The image's key in a results file.
  func key(of picture: Picture) -> COCOResult.Picture {
    picture.id.map { .id($0) } ?? .name(picture.textID ?? picture.name)
  }

  /// The detections of a results file, by image.
  ///
  /// - Throws: `Failure` if none of them belongs to these images and classes.
  func found(in results: [COCOResult], of path: String, on console: Console) throws(Failure) -> [[FoundBox]] {
    var place: [COCOResult.Picture: Int] = [:]
    for (index, picture) in pictures.enumerated() {
      place[key(of: picture)] = index
      // `detect --format coco` writes a file name of digits as a number.
      if picture.id == nil, let number = Int(picture.name) { place[.id(number)] = index }
    }
    var indexOfID: [Int: Int] = [:]
    for (index, one) in classes.enumerated() { for id in one.ids { indexOfID[id] = index } }
    var found = [[FoundBox]](repeating: [], count: pictures.count)
    var (strangers, others) = (0, 0)
    for result in results {
      guard let picture = place[result.picture] else {
        strangers += 1
        continue
      }
      guard let index = indexOfID[result.category] else {
        others += 1
        continue
      }
      found[picture].append(
        FoundBox(
          classIndex: index, score: result.score,
          extent: Extent(x: result.x, y: result.y, width: result.width, height: result.height)))
    }
    guard results.isEmpty || strangers + others < results.count else {
      throw Failure(
        .inputs,
        "\(path.onOneLine): none of its \(results.count) results belongs to the data: \(strangers) are of other "
          + "pictures, \(others) of other categories; use the data set's own image and category ids")
    }
    if strangers > 0 { console.note("\(path): \(strangers) results are of pictures that are not measured") }
    if others > 0 { console.note("\(path): \(others) results are of classes that are not measured") }
    return found
  }
}

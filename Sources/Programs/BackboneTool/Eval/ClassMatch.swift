import CLISupport
import Datasets
import Files
import ModelFiles

/// A class of an evaluation.
struct EvalClass: Hashable {
  let name: String
  /// The data set's names of the class; several for a class that merges several.
  let sources: [String]
  /// The data set's ids of these names.
  ///
  /// In written files the first one stands for the class.
  let ids: [Int]
}

/// The correspondence of a model's outputs and a data set's classes, by name.
///
/// Spaces, hyphens and case are ignored, and synonyms in common use are equal.
struct ClassMatch {
  /// The indices of the data set's classes that the model has too.
  let known: [Int]
  /// The index in `known` of the class of each output whose label the data set has too.
  let placeOfOutput: [Int: Int]
  let unknownToModel, unknownToData: [String]

  init(_ classes: [EvalClass], labels: [ClassLabel]) {
    var classOfKey: [String: Int] = [:]
    for (index, one) in classes.enumerated() {
      for name in one.sources + [one.name] { classOfKey[Self.key(name)] = index }
    }
    var classOfOutput: [Int: Int] = [:]
    for label in labels { classOfOutput[label.output] = classOfKey[Self.key(label.name)] }
    let found = Set(classOfOutput.values)
    known = classes.indices.filter(found.contains)
    let place = Dictionary(uniqueKeysWithValues: known.enumerated().map { ($1, $0) })
    placeOfOutput = classOfOutput.compactMapValues { place[$0] }
    unknownToModel = classes.indices.filter { !found.contains($0) }.map { classes[$0].name }
    unknownToData = labels.filter { classOfOutput[$0.output] == nil && Self.key($0.name) != "background" }.map(\.name)
  }

  /// Class names of Pascal VOC and their equivalents in COCO.
  private static let synonyms = [
    "aeroplane": "airplane", "motorbike": "motorcycle", "sofa": "couch", "tvmonitor": "tv", "television": "tv",
  ]

  private static func key(_ name: String) -> String {
    let plain = name.lowercased().filter { $0.isLetter || $0.isNumber }
    return synonyms[plain] ?? plain
  }

  /// The classes that are not measured, in sentences for the report.
  var remarks: [String] {
    var remarks: [String] = []
    func add(_ side: String, _ names: [String]) {
      if !names.isEmpty { remarks.append("not measured, since the \(side) does not know them: \(Self.list(names))") }
    }
    add("model", unknownToModel)
    add("data", unknownToData)
    return remarks
  }

  private static func list(_ names: [String]) -> String {
    let shown = names.prefix(24).joined(separator: ", ").onOneLine
    return names.count > 24 ? "\(shown) and \(names.count - 24) more" : shown
  }

  /// - Throws: `Failure` if model and data have no class in common.
  func check(_ classes: [EvalClass], model: String) throws(Failure) {
    guard known.isEmpty else { return }
    throw Failure(
      .inputs,
      "\(model) and the data have no class in common: the data has \(Self.list(classes.map(\.name))), the model "
        + "\(Self.list(unknownToData)); name the ones that match with --classes, as in --classes person=pedestrian")
  }
}

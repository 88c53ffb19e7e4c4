import CLISupport
import Datasets
import Files
import ModelFiles

/// A class that is measured.
struct EvalClass: Hashable {
  let name: String
  /// The data set's names for it: several where it is made of several.
  let sources: [String]
  /// The data set's numbers of those, the first of which stands for the class in files.
  let ids: [Int]
}

/// Which of a model's outputs mean which of a data set's classes, by their names.
///
/// Spaces, hyphens and capitals make no difference, and some things have two names in the field.
struct ClassMatch {
  /// The places of the data set's classes that the model knows.
  let known: [Int]
  /// For each label of the model's that the data set knows, the place of its class in `known`, by the label's output.
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

  /// Names of Pascal VOC's beside those of COCO.
  private static let synonyms = [
    "aeroplane": "airplane", "motorbike": "motorcycle", "sofa": "couch", "tvmonitor": "tv", "television": "tv",
  ]

  private static func key(_ name: String) -> String {
    let plain = name.lowercased().filter { $0.isLetter || $0.isNumber }
    return synonyms[plain] ?? plain
  }

  /// What is not measured, in sentences for the report.
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

  /// - Throws: `Failure` where the two have no class in common.
  func check(_ classes: [EvalClass], model: String) throws(Failure) {
    guard known.isEmpty else { return }
    throw Failure(
      .inputs,
      "\(model) and the data have no class in common: the data has \(Self.list(classes.map(\.name))), the model "
        + "\(Self.list(unknownToData)); name the ones that match with --classes, as in --classes person=pedestrian")
  }
}

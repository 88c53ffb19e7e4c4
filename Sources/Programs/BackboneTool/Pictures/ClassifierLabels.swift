import Checkpoints
import CLISupport
import ModelFiles

extension LabelFile {
  /// The labels of a classifier with the given names.
  ///
  /// - Throws: `Failure` with status `usage` for a wrong number of names.
  static func labels(_ names: [String], of card: ModelCard, file: String) throws(Failure) -> [ClassLabel] {
    let outputs = card.classifierOutputs ?? 0
    guard let labels = ClassNames.classifier(outputs: outputs, named: names) else {
      throw wrongCount(names, expected: outputs, file: file)
    }
    return labels
  }
}

extension ModelFile {
  /// The classifier with the class names of a file, or with its own names without a file.
  ///
  /// - Throws: `Failure` with status `usage`.
  func labelled(by file: String?, _ limits: LimitOptions) throws(Failure) -> ModelFile {
    // A model that is not a classifier is refused later, with its name.
    guard let file, card.task == .classify else { return self }
    var card = card
    card.labels = try LabelFile.labels(LabelFile.read(file, limits), of: card, file: file)
    return ModelFile(path: path, card: card, weights: weights, base: base)
  }
}

import ArgumentParser
import CLISupport
import Checkpoints
import Files
import ModelFiles

struct ImportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "import",
    abstract: "Convert a checkpoint of another program into a model file.",
    discussion: """
      Reads a TensorFlow frozen graph (.pb), a float TensorFlow Lite model (.tflite) or safetensors with the names of \
      Hugging Face, Keras, torchvision or timm; which of them it is, and whether MobileNetV2 or MobileNetV1, is found \
      from the file itself. Only tensors are read, nothing in the file is executed. A file with a tensor missing, left over or of the wrong shape is refused.
      """)

  @Argument(help: ArgumentHelp("The checkpoint.", valueName: "file"))
  var file: String

  @Option(
    help: ArgumentHelp(
      "Where the model goes. (default: the folder of installed models, under the model's name)",
      valueName: "file.safetensors"))
  var out: String?

  @Option(help: ArgumentHelp("The model's name. (default: a known file's own, else the file's)", valueName: "name"))
  var name: String?

  @Option(
    help: ArgumentHelp("Width and height of the network's input. (default: as the file says)", valueName: "pixels"))
  var inputSize: Int?

  @Option(
    help: ArgumentHelp(
      "Pixels of the input between those of the deepest map: 8, 16 or 32, where the file does not say.",
      valueName: "number"))
  var outputStride: Int?

  @Option(help: "How pictures come to the input's shape: stretch or letterbox. (default: as the family does it)")
  var fit: InputCard.Fit?

  @Option(
    help: ArgumentHelp(
      """
      A file with a class name in each line, in the order of the outputs and without a detector's background; 1000 names \
      of ImageNet's classes go behind the background of a classifier with 1001 outputs. (default: what config.json beside \
      a safetensors classifier says under id2label or label_names)
      """, valueName: "file"))
  var labels: String?

  @Option(
    help: ArgumentHelp("The licence of the weights, to be kept with them; an SPDX identifier.", valueName: "licence"))
  var licence: String?

  @Option(help: ArgumentHelp("Where the weights came from, to be kept with them.", valueName: "text"))
  var origin: String?

  @OptionGroup(title: "Limits for files from strangers") var limits: LimitOptions

  func validate() throws {
    if let name, !ModelStore.isName(name) {
      throw ValidationError("--name \(name): expected letters, digits, '.', '_' and '-', not beginning with '.' or '-'")
    }
    if let inputSize, !(33...4096).contains(inputSize) {
      throw ValidationError("--input-size \(inputSize): expected a number from 33 to 4096")
    }
    if fit == .centreCrop { throw ValidationError("--fit centre-crop: expected stretch or letterbox") }
    if let outputStride, ![8, 16, 32].contains(outputStride) {
      throw ValidationError("--output-stride \(outputStride): expected 8, 16 or 32")
    }
  }

  func run() throws {
    let inputs = [file] + (labels.map { [$0] } ?? [])
    if let out { try PictureOutputs.refuse(out, flag: "--out", asOneOf: inputs) }
    let names = try labels.map { path throws(Failure) in try LabelFile.read(path, limits) }
    let overrides = ImportOverrides(
      name: name, origin: origin, licence: licence, classes: names, inputSize: inputSize,
      outputStride: outputStride, fit: fit)
    let model: ImportedModel
    do { model = try Importer.importCheckpoint(path: file, overrides: overrides, limits: limits.limits) } catch {
      throw Failure(.model, told(error))
    }
    if let names { try check(names, of: model.card) }
    let path = try Interrupt.shielded { () throws(Failure) in try write(model) }
    try Main.console.write(report(model, path: path))
  }

  /// Writes the model where it was asked for, or installs it.
  ///
  /// - Returns: the path.
  private func write(_ model: ImportedModel) throws(Failure) -> String {
    if let out {
      do { try ModelFile.write(card: model.card, weights: model.weights, to: out) } catch {
        throw Failure(ExitStatus(writing: error), told(error))
      }
      return out
    }
    let store = try ModelChoice.store()
    // The checkpoint may lie in the folder of models under the very name.
    try PictureOutputs.refuse(store.path(of: model.card.name), flag: "--name", asOneOf: [file])
    do { return try store.install(card: model.card, weights: model.weights) } catch {
      throw Failure(ExitStatus(installing: error), told(error))
    }
  }

  /// Refuses class names that are too many or too few for the model.
  private func check(_ names: [String], of card: ModelCard) throws(Failure) {
    guard card.task != .classify else {
      _ = try LabelFile.labels(names, of: card, file: labels!)
      return
    }
    let outputs = card.detection.map { $0.outputs - 1 } ?? card.segmentation?.outputs ?? 0
    guard names.count == outputs else { throw LabelFile.wrongCount(names, expected: outputs, file: labels!) }
  }

  private func report(_ model: ImportedModel, path: String) -> String {
    let summary = model.summary
    var table = TextTable([.left, .left])
    table.add(["model", model.card.name])
    table.add(["task", model.card.task.rawValue])
    table.add(["family", summary.family.rawValue])
    table.add(["parameters", "\(summary.parameters)"])
    table.add(["tensors", "\(summary.used) used, \(summary.ignored.count) not needed"])
    if summary.flushed > 0 { table.add(["set to zero", "\(summary.flushed) values too small for a normal number"]) }
    table.add(["licence", model.card.provenance.licence.onOneLine])
    table.add(["file", path.onOneLine])
    return table.lines(indent: "")
  }
}

extension InputCard.Fit: ExpressibleByArgument {
  /// What an import may ask for: a cut of the centre needs the size before it.
  public static var allValueStrings: [String] { [InputCard.Fit.stretch, .letterbox].map(\.rawValue) }
}

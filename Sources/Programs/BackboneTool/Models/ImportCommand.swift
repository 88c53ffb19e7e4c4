import ArgumentParser
import CLISupport
import Checkpoints
import Files
import ModelFiles

struct ImportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "import",
    abstract: "Convert a checkpoint of another framework into a model file.",
    discussion: """
      Reads a TensorFlow frozen graph (.pb), a float TensorFlow Lite model (.tflite) or safetensors with the names of \
      Hugging Face, Keras, torchvision or timm. The format and the network, MobileNetV2 or MobileNetV1, are recognised \
      from the file itself. Only tensors are read, nothing in the file is executed. A file with missing or unknown \
      tensors or wrong shapes is refused.
      """)

  @Argument(help: ArgumentHelp("The checkpoint.", valueName: "file"))
  var file: String

  @Option(
    help: ArgumentHelp(
      "File of the model. (default: the folder of installed models, under the model's name)",
      valueName: "file.safetensors"))
  var out: String?

  @Option(help: ArgumentHelp("The model's name. (default: a known file's own, else the file's)", valueName: "name"))
  var name: String?

  @Option(
    help: ArgumentHelp("Input size. (default: the file's)", valueName: "pixels"))
  var inputSize: Int?

  @Option(
    help: ArgumentHelp(
      "Output stride: 8, 16 or 32; for files that do not record it.",
      valueName: "number"))
  var outputStride: Int?

  @Option(help: "Fit of pictures to the input: stretch or letterbox. (default: the convention of the file's origin)")
  var fit: InputCard.Fit?

  @Option(
    help: ArgumentHelp(
      """
      A file with a class name on each line, in the order of the outputs and without a detector's background. For a \
      classifier with 1001 outputs, 1000 names follow its background. (default: id2label or label_names in config.json \
      beside a safetensors classifier)
      """, valueName: "file"))
  var labels: String?

  @Option(
    help: ArgumentHelp("Licence of the weights, an SPDX identifier, for the card.", valueName: "licence"))
  var licence: String?

  @Option(help: ArgumentHelp("Origin of the weights, for the card.", valueName: "text"))
  var origin: String?

  @OptionGroup var limits: LimitOptions

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

  /// Writes the model to the path of `--out`, or installs it.
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
    // The checkpoint may be the very file in the folder of models that would be replaced.
    try PictureOutputs.refuse(store.path(of: model.card.name), flag: "--name", asOneOf: [file])
    do { return try store.install(card: model.card, weights: model.weights) } catch {
      throw Failure(ExitStatus(installing: error), told(error))
    }
  }

  /// Refuses a wrong number of class names.
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
  /// The allowed values of `--fit`; a centre crop is left out, since it needs the size before the crop too.
  public static var allValueStrings: [String] { [InputCard.Fit.stretch, .letterbox].map(\.rawValue) }
}

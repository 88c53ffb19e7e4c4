import ArgumentParser
import CLISupport
import Files
import ModelFiles

extension ModelsCommand {
  struct Convert: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Write a model to a file, in fp32 or fp16.",
      discussion: """
        fp16 halves a file. The network still computes in fp32, with weights rounded to 11 significant bits. A head on \
        another model remains one; its base must be stored in the same precision.
        """)

    @Argument(help: ArgumentHelp("A model's name, or the path of a model file.", valueName: "name|path"))
    var model: String

    @Option(help: "Precision of the stored weights: fp32 or fp16.")
    var precision = WeightPrecision.fp16

    @Option(
      help: ArgumentHelp(
        """
        Leave out the weights of this model; it is then needed to open the written one, under its name and in the same \
        precision.
        """, valueName: "name|path"))
    var base: String?

    @Option(help: ArgumentHelp("File of the model.", valueName: "file.safetensors"))
    var out: String

    @Option(
      help: ArgumentHelp(
        "Licence of the weights, an SPDX identifier; replaces the card's.", valueName: "licence"))
    var licence: String?

    @Option(help: ArgumentHelp("Origin of the weights; replaces the card's.", valueName: "text"))
    var origin: String?

    @Option(
      help: ArgumentHelp(
        "Recommended score threshold of a detector; replaces the card's.",
        valueName: "score"))
    var score: Float?

    @Option(
      help: ArgumentHelp(
        "IoU threshold of a detector's non-maximum suppression; replaces the card's.",
        valueName: "number"))
    var iou: Float?

    @OptionGroup var limits: LimitOptions

    func validate() throws {
      if let iou, !(0...1).contains(iou) { throw ValidationError("--iou \(iou): expected a number from 0 to 1") }
      if let score, !(0...1).contains(score) {
        throw ValidationError("--score \(score): expected a number from 0 to 1")
      }
    }

    func run() throws {
      let file = try ModelChoice.open(model, limits)
      try PictureOutputs.refuse(out, flag: "--out", asOneOf: [file.path])
      var (card, weights) = try stored(file)
      card.provenance.licence = licence ?? card.provenance.licence
      if score != nil || iou != nil {
        guard card.detection != nil else {
          throw Failure(.usage, "--\(score == nil ? "iou" : "score"): \(card.name) is no detector")
        }
        if let score { card.detection?.recommendedScore = score }
        if let iou { card.detection?.iouThreshold = iou }
      }
      card.provenance.origin = origin ?? card.provenance.origin
      try Interrupt.shielded { () throws(Failure) in
        do throws(ModelFileError) {
          try ModelFile.write(card: card, weights: weights, to: out, precision: precision)
        } catch {
          throw Failure(ExitStatus(writing: error), told(error))
        }
      }
      let parameters = weights.entries.values.reduce(0) { $0 + $1.count }
      try Main.console.write("\(card.name)  \(parameters) parameters as \(precision.rawValue)  \(out.onOneLine)\n")
    }

    private func stored(_ file: ModelFile) throws(Failure) -> (card: ModelCard, weights: Weights) {
      guard let base else { return file.stored(as: precision) }
      let whole = try ModelChoice.open(base, limits)
      guard whole.card.base == nil else {
        throw Failure(.model, "\(whole.path): is a head alone, which cannot be a base; choose a whole model")
      }
      guard let answer = file.stored(as: precision, on: whole) else {
        throw Failure(
          .model, "\(file.path): has no weights in common with \(whole.card.name); leave --base out, or name another")
      }
      return answer
    }
  }
}

extension WeightPrecision: ExpressibleByArgument {}

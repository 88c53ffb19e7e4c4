import ArgumentParser
import CLISupport
import Files
import ModelFiles

extension ModelsCommand {
  struct Average: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract:
        "Average the weights of two models: one trained from the other, or both from the same base.",
      discussion: """
        The average is often better than both models, at the same cost. It has the first model's card without \
        thresholds and figures; `backbone eval` measures these.

        Source: Wortsman et al., "Model soups: averaging weights of multiple fine-tuned models", ICML 2022.
        """)

    @Argument(help: ArgumentHelp("A model's name, or the path of a model file.", valueName: "name|path"))
    var first: String

    @Argument(help: ArgumentHelp("Another model of the same network and classes.", valueName: "name|path"))
    var second: String

    @Option(help: ArgumentHelp("Weight of the second model, 0 to 1.", valueName: "share"))
    var share: Float = 0.5

    @Option(help: ArgumentHelp("File of the model, in fp32.", valueName: "file.safetensors"))
    var out: String

    @OptionGroup var limits: LimitOptions

    func validate() throws {
      guard share >= 0, share <= 1 else { throw ValidationError("--share \(share): expected a number from 0 to 1") }
    }

    func run() throws {
      let one = try ModelChoice.open(first, limits)
      let other = try ModelChoice.open(second, limits)
      try PictureOutputs.refuse(out, flag: "--out", asOneOf: [one.path, other.path])
      guard Average.network(one.card) == Average.network(other.card),
        one.weights.entries.mapValues(\.shape) == other.weights.entries.mapValues(\.shape)
      else {
        throw Failure(
          .model,
          "\(other.path): is another network than \(one.card.name), or has other classes or another input; "
            + "average models of which one was trained from the other")
      }
      var tensors: [String: (shape: [Int], values: [Float])] = [:]
      for (name, entry) in one.weights.entries {
        tensors[name] = one.weights.withValues(name) { a in
          other.weights.withValues(name) { b in
            (entry.shape, a.indices.map { Average.mean(a[$0], b[$0], share) })
          }
        }
      }
      var card = one.card
      card.base = nil
      card.figures = nil
      card.detection?.recommendedScore = nil
      card.provenance.origin = "\(one.card.name) and \(other.card.name), averaged: \(1 - share) and \(share)"
      let weights = Weights(source: out, tensors: tensors)
      try Interrupt.shielded { () throws(Failure) in
        do throws(ModelFileError) { try ModelFile.write(card: card, weights: weights, to: out) } catch {
          throw Failure(ExitStatus(writing: error), told(error))
        }
      }
      try Main.console.write("\(card.name)  \(tensors.count) tensors averaged  \(out.onOneLine)\n")
    }

    /// A weighted mean in which denormal results become 0, since networks compute without denormal numbers.
    private static func mean(_ a: Float, _ b: Float, _ share: Float) -> Float {
      let value = a + (b - a) * share
      return value.isNormal ? value : 0
    }

    /// A card without the fields in which two models of one network may differ.
    private static func network(_ card: ModelCard) -> ModelCard {
      var card = card
      (card.name, card.family, card.figures, card.base) = ("model", "", nil, nil)
      card.provenance = Provenance(origin: "", licence: "", sourceSHA256: "")
      card.detection?.recommendedScore = nil
      card.detection?.scoreThreshold = 0
      card.detection?.iouThreshold = 0
      return card
    }
  }
}

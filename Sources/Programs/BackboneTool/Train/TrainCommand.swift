import ArgumentParser
import CLISupport

struct TrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train",
    abstract: "Train a head on a frozen backbone with your own pictures.",
    discussion: """
      The backbone's feature maps are computed once for each picture and variant, and cached in a file beside the \
      model. Then the head is trained; with --unfreeze the backbone's last blocks are trained too. The result is a \
      model file for `detect --model`, `segment --model` or `backbone classify --model`.
      """,
    subcommands: [TrainClassifyCommand.self, TrainDetectCommand.self, TrainSegmentCommand.self])
}

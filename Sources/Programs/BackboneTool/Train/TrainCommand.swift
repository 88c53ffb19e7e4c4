import ArgumentParser
import CLISupport

struct TrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train",
    abstract: "Let a head learn on a frozen backbone, from pictures of your own.",
    discussion: """
      The backbone's maps are computed once for each picture and variant and kept in a file beside the result; then only \
      the head learns, and the backbone's last blocks with --unfreeze. The result is a model file for `detect --model`, \
      `segment --model` or `backbone classify --model`.
      """,
    subcommands: [TrainClassifyCommand.self, TrainDetectCommand.self, TrainSegmentCommand.self])
}

import ArgumentParser
import CLISupport

@main enum Main {
  static let console = Console(program: "backbone")

  static func main() { Program.run(BackboneCommand.self, on: console) }
}

struct BackboneCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "backbone",
    abstract: "Fetch and convert models, classify and embed pictures, train and evaluate.",
    discussion: """
      \(ExitStatus.help)

      ENVIRONMENT: BACKBONE_MODELS is the folder of installed models, else $XDG_DATA_HOME/backbone/models, else \
      ~/.local/share/backbone/models; BACKBONE_ISA forces an instruction set (portable, neon, avx2, avx512).
      """,
    version: Program.version,
    subcommands: [
      ModelsCommand.self, ImportCommand.self, ClassifyCommand.self, EmbedCommand.self, FeaturesCommand.self,
      ProfileCommand.self, BenchCommand.self, EvalCommand.self, TrainCommand.self,
    ])
}

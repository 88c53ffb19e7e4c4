import ArgumentParser
import HostileFiles

/// Reads many damaged files, each format in a child process with little memory and time.
@main struct Mutate: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "mutate",
    abstract: "Damage files of every kind, and see that each reader ends with an error or an answer.",
    discussion: """
      The same seed, format and index always give the same file. A file at which a reader dies, takes too long, asks \
      for more memory than its limits allow or answers nonsense is kept, and the command that repeats it is printed.
      """)

  @Option(help: "A format; may be given several times. (default: all)")
  var format: [HostileFormat] = []

  @Option(help: "Files of each format.")
  var count = 1000

  @Option(help: "The seed.")
  var seed: UInt64 = 1

  @Option(help: "The index of the first file.")
  var first = 0

  @Option(help: "Memory beyond what the program itself takes, in MiB.")
  var memory = 128

  @Option(help: "Seconds of processor time that one file may take.")
  var seconds = 2

  @Option(help: "The folder for files that do harm.")
  var keep = "."

  @Option(help: "A folder whose files of the format's extension are damaged too.")
  var seeds: String?

  @Flag(help: "Print the most frequent reasons.")
  var reasons = false

  @Option(help: "Instead, write the undamaged files into this folder; needs one format.")
  var writeSeeds: String?

  @Option(help: "Instead, read this file as it is, within the program's own limits; needs one format.")
  var read: String?

  @Option(help: ArgumentHelp("Be the child, and say in this file which file is read.", visibility: .hidden))
  var child: String?

  func validate() throws {
    for (name, value) in [("--count", count), ("--memory", memory), ("--seconds", seconds)] where value < 1 {
      throw ValidationError("\(name) \(value): expected a number of at least 1")
    }
    guard read == nil && writeSeeds == nil || format.count == 1 else {
      throw ValidationError("--read and --write-seeds: expected one --format")
    }
    guard first >= 0 else { throw ValidationError("--first \(first): expected a number of at least 0") }
  }

  func run() throws {
    let formats = format.isEmpty ? HostileFormat.allCases : format
    if let writeSeeds { return try Files.write(Seed.all(formats[0]), formats[0], in: writeSeeds) }
    if let read { return try Single(self, formats[0]).run(read) }
    if let child { return try Child(self, formats[0], progress: child).run() }
    var failures = 0
    for format in formats { failures += try Parent(self, format).run() }
    guard failures == 0 else { throw ExitCode(1) }
  }

  /// The damage to files of a format.
  func mutator(_ format: HostileFormat) throws -> Mutator {
    Mutator(format, seed: seed, more: try seeds.map { try Files.seeds(format, in: $0) } ?? [])
  }
}

extension HostileFormat: ExpressibleByArgument {
  /// The extensions of such files.
  var extensions: [String] {
    switch self {
    case .coco, .labelme, .supervisely: ["json"]
    case .graph: ["pb"]
    case .jpeg: ["jpg", "jpeg"]
    case .png: ["png"]
    case .safetensors: ["safetensors"]
    case .tflite: ["tflite"]
    case .cvat, .voc: ["xml"]
    case .yolo: ["txt"]
    }
  }
}

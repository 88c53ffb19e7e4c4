import ArgumentParser
import Backbone
import CLISupport
import Files
import Graphs
import Kernels
import ModelFiles
import Tensors
import Vision

struct EmbedCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "embed",
    abstract: "Compute embeddings of pictures, for similarity search.",
    discussion: """
      An embedding is the mean of one of the backbone's feature maps over its pixels. A .npy file has NumPy's format \
      1.0, fp32, [pictures, channels], in the order of the pictures. A .ndjson file has a line for each picture, \
      {"image": path, "embedding": [numbers]}. Failed pictures have no row: they are reported on standard error, and \
      their number is printed with the file's name.
      """)

  @OptionGroup var pictures: PictureOptions

  @Option(
    help: ArgumentHelp(
      "A model's name, or the path of a model file; any task's model works. (default: \(ModelChoice.detector))",
      valueName: "name|path"))
  var model = ModelChoice.detector

  @Option(help: ArgumentHelp("File of the embeddings.", valueName: "x.npy|x.ndjson"))
  var out: String

  @Option(
    help: ArgumentHelp(
      "The feature map; `backbone features --tap list` lists all. (default: last, else the last block)",
      valueName: "name"))
  var tap: String?

  @Flag(help: "Scale each embedding to unit length.")
  var normalise = false

  @OptionGroup var work: RunOptions

  @OptionGroup var limits: LimitOptions

  func validate() throws {
    guard out.hasSuffix(".npy") || out.hasSuffix(".ndjson") else {
      throw ValidationError("--out \(out): expected a name that ends in .npy or .ndjson")
    }
  }

  func run() throws {
    let console = Main.console
    let timing = Timing(work, on: console)
    let inputs = try pictures.inputs(limits)
    try PictureOutputs.refuse(out, flag: "--out", asOneOf: inputs.paths)
    try PictureOutputs.checkFolder(of: out)
    var run = try PictureRun(
      inputs, pictures, model, work, limits, isQuiet: true, timing: timing, on: console, load: load)
    let embedder = run.model

    var rows: [(index: Int, vector: [Float])] = []
    let status = try run.run { (index, image, watch) throws(Failure) in
      do throws(VisionError) { return try embedder.embedding(of: image) { watch.lap($0.rawValue) } } catch {
        throw Failure(.model, "\(inputs.name(index)): \(told(error))", stops: true)
      }
    } finish: { (index, vector, _) throws(Failure) in
      rows.append((index, vector))
      return ""
    }
    if !rows.isEmpty {
      try write(rows, of: inputs, channels: embedder.channels)
      let left = inputs.count - rows.count
      try console.write(
        "\(out.onOneLine)  \(rows.count)x\(embedder.channels)  \(embedder.card.name) \(embedder.tap)"
          + (left > 0 ? ", \(left) of \(inputs.count) pictures left out" : "") + "\n")
    }
    try run.end(status)
  }

  private func load(on session: Session, _ watch: inout Stopwatch) throws(Failure) -> Embedder {
    let file = try ModelChoice.open(model, limits)
    try PictureOutputs.refuse(out, flag: "--out", asOneOf: [file.path])
    watch.lap("load")
    let chosen: Tap
    do {
      let graph = try Graph(file.card.backbone)
      chosen = tap.map { Tap($0) } ?? (graph.taps.contains { $0.tap == .last } ? .last : graph.deepest.tap)
    } catch { throw Failure(.model, "\(file.path): \(told(error))") }
    do {
      let embedder = try Embedder(file, tap: chosen, isNormalised: normalise, session: session)
      watch.lap("pack")
      return embedder
    } catch { throw Failure(.model, told(error)) }
  }

  private func write(_ rows: [(index: Int, vector: [Float])], of inputs: PictureInputs, channels: Int) throws(Failure) {
    do throws(FileError) {
      try Interrupt.shielded { () throws(FileError) in
        if out.hasSuffix(".npy") {
          try NPY.write(rows.flatMap(\.vector), extents: [rows.count, channels], to: out)
        } else {
          let lines = rows.map { row in
            JSON.object([
              ("image", .string(inputs.name(row.index))), ("embedding", .array(row.vector.map(JSON.number))),
            ]).text + "\n"
          }
          try AtomicFile.write(Array(lines.joined().utf8), to: out)
        }
      }
    } catch { throw Failure(.output, told(error)) }
  }
}

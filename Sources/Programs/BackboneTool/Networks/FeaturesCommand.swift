import ArgumentParser
import Backbone
import CLISupport
import Files
import Graphs
import Processing

struct FeaturesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "features",
    abstract: "Write a feature map of a picture as a NumPy file.",
    discussion: """
      The picture is preprocessed by the conventions of the model's card. The file has NumPy's format 1.0: fp32, [1, \
      rows, columns, channels].
      """)

  @Argument(help: ArgumentHelp("A picture; not needed for --tap list.", valueName: "image"))
  var image: String?

  @Option(
    help: ArgumentHelp(
      """
      The feature map: stem, a block such as block5, its expanded tensor such as block5/expansion, its depthwise \
      convolution's output such as block5/depthwise, or last; or list, which prints the network's taps.
      """,
      valueName: "name"))
  var tap: String

  @Option(help: ArgumentHelp("File of the feature map.", valueName: "f.npy"))
  var out: String?

  @Option(
    help: ArgumentHelp(
      "An installed model's name, or the path of a model file. (default: \(ModelChoice.detector))",
      valueName: "name|path"))
  var model: String?

  @Flag(help: "Use seeded random weights instead of a model's.")
  var randomInit = false

  @OptionGroup(title: "The network of random weights") var backbone: BackboneOptions

  @Option(
    help: ArgumentHelp(
      "Input size. (default: the model's own; 224 for random weights)",
      valueName: "pixels"))
  var size: Int?

  @OptionGroup var work: RunOptions

  @OptionGroup var limits: LimitOptions

  func validate() throws {
    if randomInit, model != nil { throw ValidationError("--model has no effect with --random-init") }
    if !randomInit, !backbone.isUsual {
      throw ValidationError("a model says itself what network it is; options that describe one go with --random-init")
    }
    if let size { try checkInputSize(size) }
    if tap == "list" {
      if out != nil { throw ValidationError("--out has no effect with --tap list") }
    } else {
      guard image != nil else { throw ValidationError("Missing expected argument '<image>'") }
      guard out != nil else { throw ValidationError("Missing expected argument '--out <f.npy>'") }
    }
  }

  func run() throws {
    var timing = Timing(work, on: Main.console)
    var watch = Stopwatch()
    let (graph, input, weights, source) = try network()
    guard tap != "list" else {
      try Main.console.write(list(graph.taps))
      return
    }
    let tap = Tap(tap)
    do { _ = try graph.info(tap) } catch { throw Failure(.model, "\(source): \(told(error))") }
    guard let image, let out else { return }
    try PictureOutputs.refuse(out, flag: "--out", asOneOf: [image, source])
    watch.lap("load")
    let preprocessor: Preprocessor
    do { preprocessor = try Preprocessor(input) } catch { throw Failure(.model, "\(source): \(told(error))") }
    let backbone: Network
    do {
      backbone = try Network(graph, weights: weights, session: Session(threads: work.threads))
    } catch { throw Failure(.model, "\(source): \(told(error))") }
    watch.lap("pack")
    let picture = try limits.read(image)
    watch.lap("decode")
    let prepared = preprocessor.prepare(picture, session: backbone.session)
    watch.lap("preprocess")
    let maps: FeatureMaps
    do { maps = try backbone.features(of: prepared.tensor, taps: [tap]) } catch {
      throw Failure(.model, "\(source): \(told(error))")
    }
    watch.lap("backbone")
    do {
      try Interrupt.shielded { () throws(FileError) in try NPY.write(maps[tap].tensor, to: out) }
    } catch { throw Failure(.output, told(error)) }
    watch.lap("write")
    try Main.console.write("\(tap)  \(maps[tap].shape)  \(out.onOneLine)\n")
    timing.note(image, watch)
    timing.end()
  }

  /// The network, its input, its weights, and its name in messages.
  private func network() throws(Failure) -> (Graph, InputCard, Weights, String) {
    if randomInit {
      let graph = backbone.layout().graph
      let half: [Float] = [127.5, 127.5, 127.5]
      let input = InputCard(
        width: size ?? 224, height: size ?? 224, fit: .stretch, grid: .halfPixel, antialias: true, mean: half,
        standardDeviation: half)
      return (graph, input, .random(graph.parameters), "random weights")
    }
    let file = try ModelChoice.open(model ?? ModelChoice.detector, limits)
    var input = file.card.input
    if let size {
      // The size before the centre crop scales with the input.
      if let shortest = input.resizeShortest { input.resizeShortest = shortest * size / min(input.width, input.height) }
      (input.width, input.height) = (size, size)
    }
    do { return (try Graph(file.card.backbone), input, file.weights, file.path) } catch {
      throw Failure(.model, "\(file.path): \(told(error))")
    }
  }

  private func list(_ taps: [TapInfo]) -> String {
    var table = TextTable([.left, .right, .right])
    table.add(["tap", "channels", "stride"])
    for tap in taps { table.add([tap.name, "\(tap.channels)", "\(tap.stride)"]) }
    return table.lines(indent: "")
  }
}

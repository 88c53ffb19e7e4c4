import ArgumentParser
import CLISupport
import ImageTypes
import Kernels
import ModelFiles
import Overlay
import Vision

@main enum Main {
  static let console = Console(program: "segment")

  static func main() { Program.run(SegmentCommand.self, on: console) }
}

struct SegmentCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "segment",
    abstract: "Segment pictures: a mask with a class for each pixel.",
    discussion: """
      Reads PNG, JPEG, WebP and BMP. A mask has the size of the displayed picture, with EXIF orientation applied. It is an \
      indexed PNG with class ids as pixel values and the palette of Pascal VOC.

      FORMATS: text lists the classes of each picture, with their colours and fractions of its area. json is an array \
      with an object for each processed picture, written at the end. ndjson is one object per line, written after each \
      picture; a failed picture has "error" instead of "mask" and "classes".

      \(ExitStatus.help)

      \(Program.environmentHelp)
      """,
    version: Program.version)

  @OptionGroup var pictures: PictureOptions

  @Option(
    help: ArgumentHelp(
      """
      File of the mask. \(PictureOutputs.placesHelp)
      """, valueName: "mask.png"))
  var out: String

  @Option(
    help: ArgumentHelp(
      "Write the picture blended with the mask to this file or folder, as a PNG.",
      valueName: "overlay.png"))
  var overlay: String?

  @Option(help: ArgumentHelp("A model's name, or the path of a model file.", valueName: "name|path"))
  var model = ModelChoice.segmenter

  @Option(
    help: ArgumentHelp(
      "Input size: larger for finer outlines, smaller for speed. (default: the model's own)",
      valueName: "pixels"))
  var size: Int?

  @Option(help: "Format of the results on standard output. (default: text)")
  var format: Format?

  @Flag(help: "Write no results to standard output, only the pictures.")
  var quiet = false

  @Flag(help: "Allow an output to replace an input picture.")
  var force = false

  @OptionGroup var resuming: ResumeOptions

  @OptionGroup var views: ViewOptions

  @OptionGroup var work: RunOptions

  @OptionGroup var limits: LimitOptions

  func validate() throws {
    if let size { try checkInputSize(size) }
    try resuming.check(format: format?.rawValue, isQuiet: quiet)
  }

  func run() throws {
    let console = Main.console
    let timing = Timing(work, on: console)
    let inputs = try pictures.inputs(limits, outputs: [out, overlay])
    let masks = try PictureOutputs(flag: "--out", value: out, inputs: inputs, force: force)
    var overlays: PictureOutputs?
    if let overlay {
      let outputs = try PictureOutputs(flag: "--overlay", value: overlay, inputs: inputs, force: force)
      try outputs.mustDiffer(from: masks)
      overlays = outputs
    }
    if !quiet, masks.useStandardOutput || overlays?.useStandardOutput == true {
      throw Failure(.usage, "a picture and the results would both go to standard output; add --quiet")
    }
    let resumed = try resuming.open(inputs, on: console)
    if let resumed, resumed.count == inputs.count { return try resumed.end() }
    var report = Report(format: format ?? (resumed == nil ? .text : .ndjson), quiet: quiet)
    var run = try PictureRun(
      inputs, pictures, model, work, limits, resumed: resumed, isQuiet: quiet, timing: timing, on: console
    ) { (session, watch) throws(Failure) in
      try load(on: session, outputs: [masks] + (overlays.map { [$0] } ?? []), &watch)
    }
    let segmenter = run.model
    try resumed?.begin(with: segmenter.card.name)

    let status = try run.run { (index, image, watch) throws(Failure) in
      let map = try outline(image, named: inputs.name(index), with: segmenter) { watch.lap($0.rawValue) }
      var overlay: [UInt8]?
      if let overlays {
        Overlay.blend(map, into: &image)
        watch.lap("draw")
        overlay = try overlays.encode(image, for: index)
      }
      let mask = try masks.encode(map, palette: Palette.voc, for: index)
      watch.lap("encode")
      let result = PictureResult(
        image: inputs.name(index), map: map, card: segmenter.card, mask: masks.path(index),
        overlay: overlays?.path(index))
      return (result: result, mask: mask, overlay: overlay)
    } finish: { (index, made, watch) throws(Failure) in
      if let overlay = made.overlay { try overlays?.put(overlay, for: index) }
      try masks.put(made.mask, for: index)
      watch.lap("write")
      return report.add(made.result)
    } failed: { index, failure in
      report.add(failure, of: inputs.name(index))
    }
    try console.write(report.closing)
    try run.end(status)
  }

  private func outline(
    _ image: Image, named name: String, with segmenter: Segmenter, ended: (Stage) -> Void
  ) throws(Failure) -> Mask {
    do { return try segmenter.segment(image, views: views.chosen(else: .auto), ended: ended) } catch {
      throw Failure(.model, "\(name): \(told(error))", stops: true)
    }
  }

  private func load(
    on session: Session, outputs: [PictureOutputs], _ watch: inout Stopwatch
  ) throws(Failure) -> Segmenter {
    var file = try ModelChoice.open(model, limits)
    if let size {
      do { file = try file.resized(to: size) } catch { throw Failure(.model, told(error)) }
    }
    for one in outputs { try one.mustNotReplace(model: file.path) }
    watch.lap("load")
    do {
      let segmenter = try Segmenter(file, session: session)
      watch.lap("pack")
      return segmenter
    } catch { throw Failure(.model, told(error)) }
  }
}

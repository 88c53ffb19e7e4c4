import ArgumentParser
import CLISupport
import Files
import Graphs
import ModelFiles
import Tensors

extension ModelsCommand {
  struct Info: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Print a model's card: its provenance, and the conventions of its training.")

    @Argument(help: ArgumentHelp("An installed model's name, or the path of a model file.", valueName: "name|path"))
    var model: String

    @OptionGroup var limits: LimitOptions

    func run() throws {
      let file = try ModelChoice.open(model, limits)
      var table = TextTable([.left, .left])
      for (name, value) in Info.lines(of: file) { table.add([name, value.onOneLine]) }
      try Main.console.write(table.lines(indent: ""))
    }

    private static func lines(of file: ModelFile) -> [(String, String)] {
      let card = file.card
      let parameters = file.weights.entries.values.reduce(0) { $0 + $1.count }
      return [
        ("model", card.name), ("task", card.task.rawValue), ("family", card.family), ("file", file.path),
        ("parameters", "\(parameters) in \(file.weights.entries.count) tensors"),
        ("origin", card.provenance.origin), ("licence", card.provenance.licence),
        ("source SHA-256", card.provenance.sourceSHA256),
      ] + backbone(card.backbone) + input(card.input)
        + (card.classifierOutputs.map { [("classifier", "\($0) outputs")] } ?? [])
        + (card.base.map { [("base", "\($0.name), \($0.tensors.count) tensors")] } ?? [])
        + (card.detection.map(detection) ?? []) + (card.segmentation.map(segmentation) ?? [])
        + figures(card.figures ?? [])
        + labels(card.labels)
    }

    private static func backbone(_ card: BackboneCard) -> [(String, String)] {
      let groups = card.family == .shuffleNet ? ", \(card.groups ?? 3) groups" : ""
      return [
        ("network", "\(card.network)\(groups), width \(card.widthMultiplier), output stride \(card.outputStride)"),
        ("padding", card.padding.rawValue),
        ("batch norm", "folded, epsilon \(card.batchNormEpsilon)"),
      ] + (card.family == .mobileNetV2 ? [("last convolution", card.hasLastConvolution ? "yes" : "no")] : [])
    }

    private static func input(_ card: InputCard) -> [(String, String)] {
      func numbers(_ values: [Float]) -> String { values.map { "\($0)" }.joined(separator: ", ") }
      var fit = card.fit.rawValue
      if let shortest = card.resizeShortest { fit += " from a shortest side of \(shortest)" }
      return [
        ("input", "\(card.width)x\(card.height), \(fit)"),
        ("resizing", "\(card.grid.rawValue), \(card.antialias ? "antialiased" : "not antialiased")"),
        ("mean", numbers(card.mean)), ("standard deviation", numbers(card.standardDeviation)),
        ("padding value", "\(card.padValue)"),
      ]
    }

    private static func detection(_ card: DetectionCard) -> [(String, String)] {
      let background = card.backgroundOutput.map { "background \($0)" } ?? "no background"
      return [
        ("detector", "\(card.outputs) outputs, \(background), \(card.scoreActivation.rawValue) scores"),
        ("head", card.convolutions == .full ? "SSD" : "SSDLite"),
        ("default boxes", "\(card.maps) maps, scales \(card.minimumScale) to \(card.maximumScale)"),
        ("box code", card.boxCoder.map { "\($0)" }.joined(separator: ", ")),
        (
          "thresholds",
          "score \(card.scoreThreshold), IoU \(card.iouThreshold), at most \(card.maximumDetections) detections"
        ),
      ] + (card.recommendedScore.map { [("recommended score", "\($0)")] } ?? [])
    }

    private static func figures(_ figures: [MeasuredFigure]) -> [(String, String)] {
      figures.enumerated().map { index, figure in
        let of = figure.className.map { " of \($0.onOneLine)" } ?? ""
        return (index == 0 ? "measured" : "", "\(figure.metric)\(of) \(figure.value) on \(figure.images) images")
      }
    }

    private static func segmentation(_ card: SegmentationCard) -> [(String, String)] {
      let void = card.voidID.map { ", void \($0)" } ?? ""
      let head =
        card.pyramid.map { "pyramid over \($0.levels.joined(separator: ", "))" }
        ?? card.layers.map { "\($0.convolutions.count) convolutions of its own" }
        ?? (card.branches == .aspp ? "DeepLabV3" : "DeepLabV3-lite")
      let gate = card.gate.map { [("mask", "inside detections above \($0.score), widened by \($0.margin)")] } ?? []
      return [
        ("segmenter", "\(card.outputs) outputs, background \(card.backgroundID)\(void)"), ("head", head),
      ] + gate + [
        ("upsampling", card.upsampling.rawValue),
        ("head batch norm", "folded, epsilon \(card.batchNormEpsilon)"),
      ]
    }

    private static func labels(_ labels: [ClassLabel]) -> [(String, String)] {
      labels.enumerated().map { index, label in
        (
          index == 0 ? "classes" : "",
          "\(label.id) \(label.name)" + (label.output == label.id ? "" : " (output \(label.output))")
        )
      }
    }
  }
}

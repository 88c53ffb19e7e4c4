import Backbone
import ImageTypes
import Kernels
import ModelFiles
import Processing

/// The network of a segmentation model, and the conversion of its logits to a mask.
final class MaskNetwork: Sendable {
  let card: ModelCard
  let segmentation: SegmentationCard
  let pipeline: Pipeline

  /// - Throws: `VisionError` when the model is not a segmenter or its weights do not fit its card.
  convenience init(_ model: ModelFile, session: Session) throws(VisionError) {
    _ = try MaskNetwork.check(model)
    try self.init(model, Pipeline(model, session: session))
  }

  /// A segmenter whose network has the model's output among others.
  init(_ model: ModelFile, _ pipeline: Pipeline) throws(VisionError) {
    segmentation = try MaskNetwork.check(model)
    card = model.card
    self.pipeline = pipeline
  }

  /// The same network on another session.
  ///
  /// Packed weights are shared.
  func running(on session: Session) -> MaskNetwork { MaskNetwork(self, session) }

  private init(_ other: MaskNetwork, _ session: Session) {
    (segmentation, card, pipeline) = (other.segmentation, other.card, other.pipeline.running(on: session))
  }

  private static func check(_ model: ModelFile) throws(VisionError) -> SegmentationCard {
    guard model.card.task == .segment, let segmentation = model.card.segmentation else {
      throw .wrongTask(expected: .segment, found: model.card.task, file: model.path)
    }
    try VisionError.check(model)
    guard (1...256).contains(segmentation.outputs) else {
      throw .unsuitable(file: model.path, reason: "its card has \(segmentation.outputs) classes, expected 1 ... 256")
    }
    if let base = model.card.base, model.base == nil {
      throw .withoutBase(file: model.path, base: base.name)
    }
    return segmentation
  }

  private var session: Session { pipeline.network.session }

  /// Runs the network on each view of a picture with a cell of the mask.
  ///
  /// - Throws: `VisionError` when the card's input is too small for the network.
  func paint(
    _ image: borrowing PixelView, _ views: Views, on canvas: inout MaskCanvas, ended: (Stage) -> Void
  ) throws(VisionError) {
    for view in card.input.layout(views, width: image.width, height: image.height).views {
      guard let cell = view.cell else { continue }
      let (logits, mapping) = try pipeline.map(image, view.region, ended: ended)
      canvas.paint(mask(logits, mapping, cell, of: view.region), at: cell)
      ended(.postprocess)
    }
  }

  /// The upsampler of class logits to the picture, or to a part of it.
  func upsampler(_ logits: SharedTensor, _ mapping: ImageMapping, part: ImageRegion? = nil) -> ArgmaxUpsampler {
    let shape = logits.tensor.shape
    return ArgmaxUpsampler(
      mapping, upsampling: segmentation.upsampling, height: shape.height, width: shape.width, classes: shape.channels,
      part: part)
  }

  /// The best class of each pixel of a view's cell.
  ///
  /// The logits are upsampled row by row and only the argmax is kept, so they never exist at full size.
  ///
  /// - Parameters:
  ///   - mapping: the place of the view's region in the network's input.
  ///   - cell: the cell inside the region, in pixels of the picture.
  func mask(_ logits: SharedTensor, _ mapping: ImageMapping, _ cell: ImageRegion, of region: ImageRegion) -> Mask {
    let part = ImageRegion(x: cell.x - region.x, y: cell.y - region.y, width: cell.width, height: cell.height)
    let upsampler = upsampler(logits, mapping, part: cell == region ? nil : part)
    let masks = MaskRows(
      session.kernels, on: session.pool, rows: upsampler.rows, columns: upsampler.columns,
      classes: upsampler.classes)
    return Mask(width: cell.width, height: cell.height, ids: logits.tensor.withSpan { masks.labels($0) })
  }

  /// The box gate: sets pixels outside all of the boxes to background.
  func cut(_ mask: inout Mask, to boxes: [Box], gate: GateCard) {
    let background = UInt8(clamping: segmentation.backgroundID)
    // For each row, the columns covered by some box.
    let wide = boxes.map { box in
      let (x, y) = (gate.margin * (box.x2 - box.x1), gate.margin * (box.y2 - box.y1))
      return Box(x1: box.x1 - x, y1: box.y1 - y, x2: box.x2 + x, y2: box.y2 + y)
    }
    var isInside = [Bool](repeating: false, count: mask.width)
    for row in 0..<mask.height {
      let middle = Float(row) + 0.5
      for column in isInside.indices { isInside[column] = false }
      for box in wide where box.y1 <= middle && middle < box.y2 {
        let first = max(Int(box.x1.rounded()), 0)
        let end = min(Int(box.x2.rounded()), mask.width)
        for column in first..<max(end, first) { isInside[column] = true }
      }
      let begin = row * mask.width
      for column in isInside.indices where !isInside[column] { mask.ids[begin + column] = background }
    }
  }
}

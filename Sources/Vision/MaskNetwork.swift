import Backbone
import DeepLabLite
import HeadKit
import Preprocess
import PyramidLite

/// A head whose answer is a map of class logits.
protocol SegmentationHead: Head where Output == FeatureVector {
  func callAsFunction(_ maps: FeatureMaps) -> FeatureVector
}

/// A head whose layers the model's card has.
private struct CustomHead: SegmentationHead {
  let graph: GraphHead

  var taps: [Tap] { graph.taps }

  func callAsFunction(_ maps: FeatureMaps) -> FeatureVector { graph(maps)[0] }
}

extension DeepLabLiteHead: SegmentationHead {}
extension PyramidLiteHead: SegmentationHead {}

/// A backbone and a segmentation head, made from a model file.
final class MaskNetwork: Sendable {
  let card: ModelCard
  let segmentation: SegmentationCard
  let backbone: Network
  let preprocessor: Preprocessor
  private let head: any SegmentationHead

  /// - Throws: `VisionError` when the model is no segmenter or its weights do not fit its card.
  init(_ model: ModelFile, compute: Compute) throws(VisionError) {
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
    card = model.card
    self.segmentation = segmentation
    do throws(PreprocessError) { preprocessor = try Preprocessor(card.input) } catch {
      throw .unsuitable(file: model.path, reason: error.description)
    }
    do throws(BackboneError) {
      backbone = try Network(card.backbone, weights: model.weights, compute: compute)
      if let layers = segmentation.layers {
        let graph = try LayerGraph(
          layers, on: backbone.layout, height: card.input.height, width: card.input.width)
        let channels = graph.answers.map(\.channels)
        guard channels == [segmentation.outputs] else {
          throw .unusableLayer(
            place: layers.answers[0],
            reason: "has \(channels) channels, expected \(segmentation.outputs), one for each class")
        }
        head = CustomHead(graph: try GraphHead(graph, weights: model.weights, compute: compute))
      } else if let pyramid = segmentation.pyramid {
        head = try PyramidLiteHead(segmentation, pyramid, on: backbone, weights: model.weights)
      } else {
        head = try DeepLabLiteHead(segmentation, on: backbone, weights: model.weights)
      }
    } catch { throw VisionError(error, file: model.path) }
  }

  /// The maps that the head reads.
  var taps: [Tap] { head.taps }

  /// The class logits of the maps.
  func logits(_ maps: FeatureMaps) -> FeatureVector { head(maps) }

  /// Runs the network on each of a picture's views that decides pixels of the mask.
  ///
  /// - Throws: `VisionError` when the card's input is too small for the network.
  func paint(
    _ image: Image, _ views: Views, on canvas: inout MaskCanvas, ended: (Stage) -> Void
  ) throws(VisionError) {
    for view in card.input.layout(views, of: image).views {
      guard let cell = view.cell else { continue }
      let (logits, mapping) = try logits(image, view.region, ended: ended)
      canvas.paint(mask(logits, mapping, cell, of: view.region), at: cell)
      ended(.postprocess)
    }
  }

  /// Runs the network on a region of a picture.
  ///
  /// - Returns: its class logits, and where the region lies in the input.
  /// - Throws: `VisionError` when the card's input is too small for the network.
  func logits(
    _ image: Image, _ region: ImageRegion, ended: (Stage) -> Void
  ) throws(VisionError) -> (FeatureVector, ImageMapping) {
    let prepared = preprocessor.prepare(image, region, compute: backbone.compute)
    ended(.preprocess)
    let maps: FeatureMaps
    do throws(BackboneError) { maps = try backbone.features(of: prepared.tensor, taps: taps) } catch {
      throw VisionError(error, file: card.name)
    }
    ended(.backbone)
    let logits = logits(maps)
    ended(.head)
    return (logits, prepared.mapping)
  }

  /// What enlarges class logits to the picture, or to a part of it.
  func upsampler(_ logits: FeatureVector, _ mapping: ImageMapping, part: ImageRegion? = nil) -> ArgmaxUpsampler {
    let shape = logits.tensor.shape
    return ArgmaxUpsampler(
      mapping, upsampling: segmentation.upsampling, height: shape.height, width: shape.width, classes: shape.channels,
      part: part)
  }

  /// The best class of each pixel of a view's cell.
  ///
  /// The logits are enlarged row by row and only their best class is kept, so they never exist at full size.
  ///
  /// - Parameters:
  ///   - mapping: where the view's region lies in the network's input.
  ///   - cell: inside the region, in pixels of the picture.
  func mask(_ logits: FeatureVector, _ mapping: ImageMapping, _ cell: ImageRegion, of region: ImageRegion) -> LabelMap {
    let part = ImageRegion(x: cell.x - region.x, y: cell.y - region.y, width: cell.width, height: cell.height)
    let upsampler = upsampler(logits, mapping, part: cell == region ? nil : part)
    let masks = MaskRows(
      backbone.compute.kernels, on: backbone.compute.pool, rows: upsampler.rows, columns: upsampler.columns,
      classes: upsampler.classes)
    return LabelMap(width: cell.width, height: cell.height, ids: logits.tensor.withSpan { masks.labels($0) })
  }

  /// Leaves background outside all of the boxes.
  func cut(_ mask: inout LabelMap, to boxes: [Box], gate: GateCard) {
    let background = UInt8(clamping: segmentation.backgroundID)
    // For each row the columns that some box covers.
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

import Backbone
import ImageTypes
import Kernels
import ModelFiles
import Processing
import SSDLite

/// One pass of a detector and a segmenter over a picture: a graph with the outputs of both and one copy of their common
/// layers.
struct SharedPass: Sendable {
  let detector: Detector
  let masks: MaskNetwork
  /// Blocks, from the first on, that run once for both; 0 where nothing is shared.
  let blocks: Int
  /// Blocks of the segmenter.
  let allBlocks: Int
  /// The common network, where any blocks are shared.
  private let both: Pipeline?

  /// The prefix of the second model's tensors in the common graph.
  private static let prefix = "mask:"

  /// - Throws: `VisionError` when a model is for another task or its weights do not fit its card.
  init(_ detection: ModelFile, _ segmentation: ModelFile, session: Session) throws(VisionError) {
    let (first, second) = try (Graph(detection), Graph(segmentation))
    let shared = SharedPass.shared(detection, segmentation, first, second)
    func blocks(_ isShared: (Int) -> Bool) -> Int {
      let places = (0...).lazy.map { index in second.nodes.firstIndex { $0.name == Tap.block(index).name } }
      return places.prefix { $0.map(isShared) ?? false }.count
    }
    self.blocks = blocks { shared[$0] != nil }
    allBlocks = blocks { _ in true }
    guard self.blocks > 0 else {
      both = nil
      detector = try Detector(detection, session: session)
      masks = try MaskNetwork(segmentation, session: session)
      return
    }
    let network: Network
    do {
      var graph = first
      _ = try graph.append(second, sharing: shared) { SharedPass.prefix + $0 }
      network = try Network(
        graph, weights: Weights(detection.weights, and: segmentation.weights, prefix: SharedPass.prefix),
        session: session)
    } catch let error as GraphError {
      throw VisionError(BackboneError(error), file: segmentation.path)
    } catch let error as BackboneError {
      throw VisionError(error, file: segmentation.path)
    } catch { preconditionFailure("\(error)") }
    let border = first.outputs.count
    let outputs = network.graph.outputs.indices
    detector = try Detector(detection, Pipeline(detection, network, outputs: 0..<border))
    masks = try MaskNetwork(segmentation, Pipeline(segmentation, network, outputs: border..<outputs.upperBound))
    both = try Pipeline(detection, network, outputs: outputs)
  }

  /// The same pass on another session.
  ///
  /// Packed weights are shared.
  func running(on session: Session) -> SharedPass { SharedPass(self, session) }

  private init(_ other: SharedPass, _ session: Session) {
    (detector, masks) = (other.detector.running(on: session), other.masks.running(on: session))
    (blocks, allBlocks, both) = (other.blocks, other.allBlocks, other.both?.running(on: session))
  }

  /// The results of both networks for a picture.
  struct Answer {
    var detections: [Detection] = []
    let mask: Mask
  }

  /// Runs both networks on a picture's views.
  ///
  /// A box-gated mask is restricted to the detections of all views together, since another view may find an object that
  /// one view misses.
  ///
  /// - Parameter options: the detections' options; `nil` for the mask alone.
  /// - Throws: `VisionError` when a card's input is too small for its network.
  func run(_ image: borrowing PixelView, _ views: Views, _ options: DetectionOptions?, ended: (Stage) -> Void)
    throws(VisionError)
    -> Answer
  {
    let layout = detector.card.input.layout(views, width: image.width, height: image.height)
    var found = options.map { FoundInViews(detector, layout, $0) }
    var gated = masks.segmentation.gate.map { gate in
      var options = DetectionOptions()
      options.scoreThreshold = gate.score
      return FoundInViews(detector, layout, options)
    }
    var canvas = MaskCanvas(width: image.width, height: image.height)
    for (index, view) in layout.views.enumerated() {
      let boxes: BoxLogits
      let mapping: ImageMapping
      if let both, let cell = view.cell {
        let logits = try logits(both, image, view.region, ended: ended)
        (boxes, mapping) = (logits.boxes, logits.mapping)
        canvas.paint(masks.mask(logits.classes, mapping, cell, of: view.region), at: cell)
      } else {
        (boxes, mapping) = try detector.logits(image, view.region, ended: ended)
      }
      found?.add(boxes, mapping, view: index)
      gated?.add(boxes, mapping, view: index)
      ended(.postprocess)
    }
    if blocks == 0 { try masks.paint(image, views, on: &canvas, ended: ended) }
    var mask = canvas.mask
    if let gate = masks.segmentation.gate, let gated {
      masks.cut(&mask, to: gated.detections().map(\.box), gate: gate)
    }
    let answer = Answer(detections: found?.detections() ?? [], mask: mask)
    ended(.postprocess)
    return answer
  }

  /// The outputs of both for one view.
  private struct Logits {
    let boxes: BoxLogits
    let classes: SharedTensor
    let mapping: ImageMapping
  }

  /// Runs both on a region of a picture.
  private func logits(
    _ both: Pipeline, _ image: borrowing PixelView, _ region: ImageRegion, ended: (Stage) -> Void
  ) throws(VisionError) -> Logits {
    let prepared = both.prepare(image, region, ended: ended)
    do throws(BackboneError) {
      let (classes, border) = try (both.blank(prepared.tensor.shape), both.backboneSteps(prepared.tensor.shape))
      let to = unsafe classes.tensor.withUnsafeElements { $0.baseAddress! }
      let boxes = try unsafe BoxLogits(
        both.network, prepared.tensor, outputs: detector.detection.outputs, others: [to]
      ) { if $0 + 1 == border { ended(.backbone) } }
      ended(.head)
      return Logits(boxes: boxes, classes: classes, mapping: prepared.mapping)
    } catch { throw VisionError(error, file: both.name) }
  }

  /// The second graph's backbone nodes that are equal in the first, weights included.
  ///
  /// Nothing is shared unless the preprocessing is the same.
  ///
  /// - Complexity: O(weights in common).
  private static func shared(
    _ detection: ModelFile, _ segmentation: ModelFile, _ first: Graph, _ second: Graph
  ) -> [Int: Int] {
    guard detection.card.input == segmentation.card.input else { return [:] }
    var shared: [Int: Int] = [:]
    for (index, node) in second.nodes.enumerated() where index < first.nodes.count {
      guard first.nodes[index] == node, node.inputs.allSatisfy({ shared[$0] != nil }) else { continue }
      if let c = second.convolution(at: index) {
        guard
          ["weight", "bias"].allSatisfy({
            detection.weights.isSame(as: segmentation.weights, tensor: "\(c.name).\($0)")
          })
        else { continue }
      }
      shared[index] = index
    }
    return shared
  }
}

extension Graph {
  /// The network of a model file.
  fileprivate init(_ model: ModelFile) throws(VisionError) {
    do throws(BackboneError) { try self.init(model.card) } catch { throw VisionError(error, file: model.path) }
  }
}

import Backbone
import DeepLabLite
import HeadKit
import Kernels
import ModelFiles
import SSDLite
import Tensors

/// A backbone with one of the paper's heads, from the picture's tensor to logits: what benchmarks and profiles run.
public final class TaskNetwork: Sendable {
  /// The uses of the paper's section 6, with the lite heads and the full ones that it compares them with.
  public enum Task: String, Hashable, Sendable, CaseIterable {
    case classify, ssdlite, ssd, deeplab
    case deeplabASPP = "deeplab-aspp"

    private var isSegmentation: Bool { self == .deeplab || self == .deeplabASPP }
    private var isDetection: Bool { self == .ssdlite || self == .ssd }

    /// The size of input that the published figures are for.
    public var usualSize: Int { isSegmentation ? 513 : isDetection ? 320 : 224 }

    /// Outputs of the published networks, background included.
    public var usualOutputs: Int { isSegmentation ? 21 : isDetection ? 91 : 1001 }

    /// The output stride of the published networks.
    public var usualOutputStride: Int { isSegmentation ? 16 : 32 }

    /// Whether the published networks have MobileNetV2's last convolution.
    public var hasLastConvolution: Bool { !isSegmentation }

    /// The convolutions of a detection head.
    var convolutions: DetectionCard.Convolutions { self == .ssd ? .full : .separable }

    /// The branches of a segmentation head.
    var branches: SegmentationCard.Branches { self == .deeplabASPP ? .aspp : .lite }
  }

  enum AnyHead {
    case classify(Classifier)
    case ssdlite(SSDLiteHead)
    case deeplab(DeepLabLiteHead)
  }

  public let task: Task
  public let backbone: Network
  let head: AnyHead

  /// Builds a network of a task with seeded random weights: right for timing and counting, and good for nothing else.
  ///
  /// - Parameters:
  ///   - outputs: classes with the background, or `nil` for the published number.
  ///   - outputStride: 8, 16 or 32, or `nil` for the task's usual one.
  public static func random(
    _ task: Task, width: Double = 1, outputs: Int? = nil, outputStride: Int? = nil, compute: Compute = Compute()
  ) -> TaskNetwork {
    let layout = NetworkLayout.mobileNetV2(
      width: width, outputStride: outputStride ?? task.usualOutputStride, hasLastConvolution: task.hasLastConvolution)
    return random(task, on: layout, outputs: outputs, compute: compute)
  }

  /// Builds a network of a task on any backbone, with seeded random weights.
  public static func random(
    _ task: Task, on layout: NetworkLayout, outputs: Int? = nil, compute: Compute = Compute()
  ) -> TaskNetwork {
    let outputs = outputs ?? task.usualOutputs
    let parameters: [ParameterInfo]
    switch task {
    case .classify: parameters = Classifier.parameters(classes: outputs, layout: layout)
    case .ssdlite, .ssd: parameters = SSDLiteHead.parameters(outputs: outputs, layout: layout, task.convolutions)
    case .deeplab, .deeplabASPP:
      parameters = DeepLabLiteHead.parameters(outputs: outputs, layout: layout, task.branches)
    }
    do {
      return try TaskNetwork(
        task, layout: layout, outputs: outputs, weights: .random(layout.parameters + parameters), compute: compute)
    } catch { preconditionFailure("random weights fit their own network: \(error)") }
  }

  private init(_ task: Task, layout: NetworkLayout, outputs: Int, weights: Weights, compute: Compute)
    throws(BackboneError)
  {
    self.task = task
    // The classifier's product is the largest tensor of all: its weights are packed before others take memory.
    let classifier =
      task == .classify
      ? try Classifier(classes: outputs, on: layout.taps.last!, weights: weights, compute: compute) : nil
    backbone = try Network(layout, weights: weights, compute: compute)
    switch task {
    case .classify: head = .classify(classifier!)
    case .ssdlite, .ssd:
      let card = DetectionCard.tensorFlow(outputs: outputs, task.convolutions)
      head = .ssdlite(try SSDLiteHead(card, on: backbone, weights: weights))
    case .deeplab, .deeplabASPP:
      let card = SegmentationCard(
        outputs: outputs, backgroundID: 0, voidID: 255, upsampling: .alignCorners, batchNormEpsilon: 1e-5,
        branches: task.branches)
      head = .deeplab(try DeepLabLiteHead(card, on: backbone, weights: weights))
    }
  }

  /// The maps that the head reads.
  public var taps: [Tap] {
    switch head {
    case .classify(let head): return head.taps
    case .ssdlite(let head): return head.taps
    case .deeplab(let head): return head.taps
    }
  }

  /// Runs once and returns the last logit.
  ///
  /// - Throws: `BackboneError` when the input's shape does not fit.
  @discardableResult public func run(_ input: borrowing Tensor) throws(BackboneError) -> Float {
    func last(_ vector: FeatureVector) -> Float { vector.tensor.withSpan { $0[$0.count - 1] } }
    switch head {
    case .classify(let head): return last(head(try backbone.features(of: input, taps: head.taps)))
    case .ssdlite(let head): return head(try backbone.features(of: input, taps: head.taps)).logits.last!
    case .deeplab(let head): return last(head(try backbone.features(of: input, taps: head.taps)))
    }
  }

  /// What every layer costs for an input of that size.
  public func costs(height: Int, width: Int) -> [LayerCost] {
    let layers = backbone.layout.costs(height: height, width: width)
    switch head {
    case .classify(let head): return layers + head.costs()
    case .ssdlite(let head):
      return layers + head.costs(on: head.taps.map { backbone.layout.shape(of: $0, height: height, width: width) })
    case .deeplab(let head):
      return layers + head.costs(on: backbone.layout.shape(of: head.taps[0], height: height, width: width))
    }
  }
}

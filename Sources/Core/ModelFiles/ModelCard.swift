import Graphs
import Tensors

/// The model card: every convention that differs between checkpoint families, in one record inside the model file.
///
/// Code reads the card and assumes nothing. It is stored as JSON under `card` in the `__metadata__` of a safetensors
/// file.
public struct ModelCard: Codable, Hashable, Sendable {
  /// The task of a model.
  public enum Task: String, Codable, Hashable, Sendable, CaseIterable {
    /// Feature maps: a backbone without a head.
    case features
    /// A score for each class, of the whole image.
    case classify
    /// Boxes with a class and a score each.
    case detect
    /// A class for each pixel.
    case segment
  }

  /// The format of the card itself.
  public var format = 1
  /// Short name without spaces, for example `person-ssdlite`.
  public var name: String
  /// The task, which decides the parts of the card that must be there.
  public var task: Task
  /// The naming family of the original weights, for example `tf-object-detection`.
  public var family: String
  /// The origin and the licence of the weights.
  public var provenance: Provenance
  /// The architecture of the backbone.
  public var backbone: BackboneCard
  /// The preprocessing of an image to the network's input.
  public var input: InputCard
  /// Number of outputs of the classifier, when the file has one.
  public var classifierOutputs: Int?
  /// The activation that turns the classifier's logits into scores; softmax by default.
  public var classifierActivation: DetectionCard.ScoreActivation?
  /// Class names of the outputs, in the order of their ids.
  public var labels: [ClassLabel]
  /// The decoding of box logits to detections; required of a detector.
  public var detection: DetectionCard?
  /// The conversion of class logits to a mask; required of a segmenter.
  public var segmentation: SegmentationCard?
  /// The base model, which has the tensors left out of this file.
  public var base: BaseModel?
  /// The metrics on validation images; absent where nothing was measured.
  public var figures: [MeasuredFigure]?

  /// Creates a card of format 1, without a base model, figures and a classifier's activation.
  ///
  /// Its values are checked when a model file is opened or written, and when a network is prepared.
  public init(
    name: String, task: Task, family: String, provenance: Provenance, backbone: BackboneCard, input: InputCard,
    classifierOutputs: Int? = nil, labels: [ClassLabel] = [], detection: DetectionCard? = nil,
    segmentation: SegmentationCard? = nil
  ) {
    self.name = name
    self.task = task
    self.family = family
    self.provenance = provenance
    self.backbone = backbone
    self.input = input
    self.classifierOutputs = classifierOutputs
    self.labels = labels
    self.detection = detection
    self.segmentation = segmentation
  }
}

/// The base of a head: a model whose backbone the head's file uses.
public struct BaseModel: Codable, Hashable, Sendable {
  /// Its name among the installed models.
  public var name: String
  /// The names of its tensors that the head's file leaves out.
  public var tensors: [String]
  /// Their checksum, as `Weights.checksum` computes it, hexadecimal.
  public var checksum: String

  /// Creates a head's reference to its base model.
  public init(name: String, tensors: [String], checksum: String) {
    self.name = name
    self.tensors = tensors
    self.checksum = checksum
  }
}

/// The provenance of a model.
public struct Provenance: Codable, Hashable, Sendable {
  /// A package, address or file name.
  public var origin: String
  /// SPDX identifier, or `unknown`.
  public var licence: String
  /// SHA-256 of the file that was imported, lower-case hexadecimal.
  public var sourceSHA256: String

  /// Creates a record of origin, licence and checksum.
  public init(origin: String, licence: String, sourceSHA256: String) {
    self.origin = origin
    self.licence = licence
    self.sourceSHA256 = sourceSHA256
  }
}

/// The architecture of a backbone.
public enum NetworkFamily: String, Codable, Hashable, Sendable, CaseIterable {
  /// MobileNets (2017): depthwise and 1x1 convolutions in turn.
  case mobileNetV1 = "mobilenet-v1"
  /// MobileNetV2 (2018): inverted residuals with linear bottlenecks.
  case mobileNetV2 = "mobilenet-v2"
  /// ShuffleNet (2018): grouped 1x1 convolutions with channel shuffles.
  case shuffleNet = "shufflenet"

  /// The possible numbers of groups of ShuffleNet's 1x1 convolutions.
  public static let shuffleNetGroups = [1, 2, 3, 4, 8]
}

/// The parameters of a backbone's architecture.
public struct BackboneCard: Codable, Hashable, Sendable {
  /// The network's name: one of `NetworkFamily`, or `custom` where `graph` describes it.
  public var network = NetworkFamily.mobileNetV2.rawValue
  /// A custom network, with an image input, no outputs, and named taps.
  public var graph: Graph?
  /// Groups of the 1x1 convolutions; only ShuffleNet has any.
  public var groups: Int?
  /// The paper's width multiplier, 0.05 to 4, for example 1.0, 0.5 or 1.4; ShuffleNet's scale.
  public var widthMultiplier: Double
  /// Channels between blocks are rounded to multiples of this: 8 by the paper's authors, 1 in DeepLab's slimmer
  /// networks.
  ///
  /// The expanded channels of a block are multiples of 8 in any case.
  public var channelDivisor: Int
  /// Feature stride at the deepest map: 8, 16 or 32.
  public var outputStride: Int
  /// The treatment of the border by the network's windows.
  public var padding: Padding
  /// The epsilon that was folded into the backbone's weights, as a record; 0 where the source had batch norm folded
  /// already.
  public var batchNormEpsilon: Double
  /// Whether the file has the last 1x1 convolution (1280 channels at width 1).
  public var hasLastConvolution: Bool

  /// Creates the card of a MobileNetV2.
  ///
  /// Another family is then set as `network`, and ShuffleNet's `groups` too.
  public init(
    widthMultiplier: Double, channelDivisor: Int = 8, outputStride: Int, padding: Padding, batchNormEpsilon: Double,
    hasLastConvolution: Bool
  ) {
    self.widthMultiplier = widthMultiplier
    self.channelDivisor = channelDivisor
    self.outputStride = outputStride
    self.padding = padding
    self.batchNormEpsilon = batchNormEpsilon
    self.hasLastConvolution = hasLastConvolution
  }

  /// The `network` of a custom graph.
  public static let custom = "custom"

  /// The card of a custom network, with an image input, no outputs, and named taps.
  public init(_ graph: Graph) {
    self.init(
      widthMultiplier: 1, outputStride: graph.deepest.stride, padding: graph.padding, batchNormEpsilon: 0,
      hasLastConvolution: false)
    network = BackboneCard.custom
    self.graph = graph
  }

  /// The network; `nil` where its name is unknown.
  public var family: NetworkFamily? { NetworkFamily(rawValue: network) }
}

/// The preprocessing of a picture to the network's input.
public struct InputCard: Codable, Hashable, Sendable {
  /// The fit of pictures with another aspect ratio.
  public enum Fit: String, Codable, Hashable, Sendable, CaseIterable {
    /// Width and height are scaled independently to the input size.
    case stretch
    /// The longest side is scaled to the input size, and the rest is padded with `padValue` at the right and the
    /// bottom.
    case letterbox
    /// The shortest side is scaled to `resizeShortest`, and the centre is cropped.
    case centreCrop = "centre-crop"
  }

  /// Columns of the network's input: 33 to 16,384 in a valid card, and at most 8,192 for a `Preprocessor`.
  public var width: Int
  /// Rows of the network's input, with the limits of `width`.
  public var height: Int
  /// The fit of pictures to the input.
  public var fit: Fit
  /// For `centreCrop`: the length in pixels of the shortest side before the crop, at least the input's longer side.
  public var resizeShortest: Int?
  /// The sampling grid of the resize.
  public var grid: SamplingGrid
  /// Whether shrinking averages over all covered pixels, as Pillow does.
  public var antialias: Bool
  /// Channel values are normalised as `(value - mean) / standardDeviation`, value in 0...255, order R, G, B.
  public var mean: [Float]
  /// The divisors of the normalisation in the order R, G, B, each greater than 0.
  public var standardDeviation: [Float]
  /// The value of padding pixels before normalising, 0...255.
  public var padValue: Float

  /// Creates a card; its values are checked when a model file is opened or written.
  public init(
    width: Int, height: Int, fit: Fit, resizeShortest: Int? = nil, grid: SamplingGrid, antialias: Bool, mean: [Float],
    standardDeviation: [Float], padValue: Float = 127.5
  ) {
    self.width = width
    self.height = height
    self.fit = fit
    self.resizeShortest = resizeShortest
    self.grid = grid
    self.antialias = antialias
    self.mean = mean
    self.standardDeviation = standardDeviation
    self.padValue = padValue
  }
}

extension ModelCard {
  /// The labels by the output channel; of several with one output the first.
  package var labelsByOutput: [Int: ClassLabel] {
    Dictionary(labels.map { ($0.output, $0) }, uniquingKeysWith: { first, _ in first })
  }
}

/// One class: its output channel, the data set's id and its name.
public struct ClassLabel: Codable, Hashable, Sendable {
  /// The network's output channel, with the background counted where there is one.
  public var output: Int
  /// The data set's own id (COCO has gaps: 1...90 for 80 classes).
  public var id: Int
  /// The class's name, as it stands beside detections, scores and mask ids.
  public var name: String

  /// Creates the label of an output channel.
  public init(output: Int, id: Int, name: String) {
    self.output = output
    self.id = id
    self.name = name
  }
}

/// The decoding of box logits to detections.
public struct DetectionCard: Codable, Hashable, Sendable {
  /// The activation that turns class logits into scores.
  public enum ScoreActivation: String, Codable, Hashable, Sendable, CaseIterable {
    /// `1 / (1 + exp(-x))` of each logit by itself.
    case sigmoid
    /// `exp(x)` over its sum for all outputs, so that the scores add up to 1.
    case softmax
  }

  /// The kind of the head's 3x3 convolutions: a depthwise and a 1x1 one each (SSDLite), or full ones (SSD).
  public enum Convolutions: String, Codable, Hashable, Sendable, CaseIterable {
    /// A depthwise 3x3 convolution and a 1x1 convolution: SSDLite.
    case separable
    /// One 3x3 convolution of all channels: SSD.
    case full
  }

  /// Outputs of the class predictor for each anchor, background included, 1 to 100,000.
  public var outputs: Int
  /// The kind of the predictors and the extra layers; separable by default.
  public var convolutions: Convolutions?
  /// The activation that turns the class logits of an anchor into scores.
  public var scoreActivation: ScoreActivation
  /// The background's output, which is dropped.
  public var backgroundOutput: Int?
  /// Divisors of the box code: `ty, tx, th, tw`, each greater than 0.
  public var boxCoder: [Float]
  /// Scale of the first feature map's default boxes, relative to the input's shorter side, greater than 0.
  public var minimumScale: Float
  /// Scale of the last feature map's default boxes, `minimumScale` to 1.
  public var maximumScale: Float
  /// The number of feature maps with predictors, 2 to 16.
  public var maps: Int
  /// The score threshold that the model came with, in [0, 1], as a record.
  ///
  /// Detectors use `recommendedScore`, or else 0.5, where the caller gives none.
  public var scoreThreshold: Float
  /// The IoU threshold of non-maximum suppression in [0, 1], exclusive, where the caller gives none.
  public var iouThreshold: Float
  /// The greatest number of detections where the caller gives none, at least 1.
  public var maximumDetections: Int
  /// The recommended score threshold, in [0, 1], chosen on validation images.
  ///
  /// It is absent where nothing was measured.
  public var recommendedScore: Float?

  /// Creates a card without a recommended score.
  ///
  /// Its values are checked when a model file is opened or written.
  public init(
    outputs: Int, scoreActivation: ScoreActivation, backgroundOutput: Int?, boxCoder: [Float], minimumScale: Float,
    maximumScale: Float, maps: Int, scoreThreshold: Float, iouThreshold: Float, maximumDetections: Int,
    convolutions: Convolutions? = nil
  ) {
    self.outputs = outputs
    self.convolutions = convolutions
    self.scoreActivation = scoreActivation
    self.backgroundOutput = backgroundOutput
    self.boxCoder = boxCoder
    self.minimumScale = minimumScale
    self.maximumScale = maximumScale
    self.maps = maps
    self.scoreThreshold = scoreThreshold
    self.iouThreshold = iouThreshold
    self.maximumDetections = maximumDetections
  }
}

/// A head's path from the deepest map to finer ones.
public struct PyramidCard: Codable, Hashable, Sendable {
  /// The taps of the path by name, 2 to 16, coarse to fine; the first is the deepest map.
  public var levels: [String]
  /// Channels at each of the levels after the first, 1 to 4,096.
  public var widths: [Int]

  /// Creates a path, with one width fewer than levels.
  public init(levels: [String], widths: [Int]) {
    self.levels = levels
    self.widths = widths
  }
}

/// The box gate of a mask: classes other than the background only inside detections of the base model, a detector.
public struct GateCard: Codable, Hashable, Sendable {
  /// The score threshold of the detections in [0, 1], exclusive.
  public var score: Float
  /// The widening of each box on every side relative to its width and height, 0 to 10.
  public var margin: Float

  /// Creates a gate with the detections above a score, widened by a margin.
  public init(score: Float, margin: Float) {
    self.score = score
    self.margin = margin
  }
}

/// The conversion of class logits to a mask.
public struct SegmentationCard: Codable, Hashable, Sendable {
  /// The branches between the deepest map and DeepLab's projection.
  public enum Branches: String, Codable, Hashable, Sendable, CaseIterable {
    /// Image pooling and a 1x1 convolution: DeepLabV3-lite.
    case lite
    /// Atrous spatial pyramid pooling: three dilated 3x3 convolutions beside those two.
    case aspp
  }

  /// The box gate, which restricts the mask to the base model's detections; `nil` for none.
  public var gate: GateCard?
  /// The path of a pyramid head; DeepLabV3-lite by default.
  public var pyramid: PyramidCard?
  /// The graph of a custom head.
  public var layers: Graph?
  /// DeepLab's branches, where there is no pyramid; the lite ones by default.
  public var branches: Branches?
  /// Channels of the logits, 1 to 256: the classes, the background included.
  public var outputs: Int
  /// The id of the background class, below `outputs`.
  public var backgroundID: Int
  /// The ignore index, 0 to 255: the id of pixels without ground truth.
  public var voidID: Int?
  /// The sampling grid of upsampling before the argmax.
  public var upsampling: SamplingGrid
  /// The epsilon that was folded into the head's weights, as a record; 0 where the source had batch norm folded
  /// already.
  public var batchNormEpsilon: Double

  /// Creates the card of a head without a gate: DeepLabV3-lite, unless `pyramid` or `branches` says otherwise.
  ///
  /// Its values are checked when a model file is opened or written.
  public init(
    outputs: Int, backgroundID: Int, voidID: Int?, upsampling: SamplingGrid, batchNormEpsilon: Double,
    pyramid: PyramidCard? = nil, branches: Branches? = nil
  ) {
    self.pyramid = pyramid
    self.branches = branches
    self.outputs = outputs
    self.backgroundID = backgroundID
    self.voidID = voidID
    self.upsampling = upsampling
    self.batchNormEpsilon = batchNormEpsilon
  }
}

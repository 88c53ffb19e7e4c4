import Datasets
import ImageTypes

/// A teacher for knowledge distillation, a model that gives class probabilities where a mask has single classes.
///
/// Source: "Distilling the Knowledge in a Neural Network", section 2, at temperature 1.
public protocol SegmentationTeacher: Sendable {
  /// The cache key of its outputs: a text that changes when they would.
  var key: String { get }

  /// The probability of each of the task's classes in each cell of a grid over the picture, called from several
  /// threads.
  ///
  /// - Returns: `[height, width, classes]`, from 0 up. A cell's values are relative to their sum; a cell of zeros is
  ///   ignored.
  func probabilities(of image: Image, height: Int, width: Int) -> [Float]
}

/// A teacher that detects objects missing from a data set's annotations.
public protocol DetectionTeacher: Sendable {
  /// The cache key of its outputs: a text that changes when they would.
  var key: String { get }

  /// Its detections, with the task's class indices, called from several threads.
  func things(in image: Image) -> [TaughtThing]
}

/// A teacher's detection.
public struct TaughtThing: Hashable, Sendable {
  /// In pixels of the picture.
  public var box: Box
  /// The index of the data set's class, 1 or greater.
  public var classIndex: Int
  /// Whether it becomes ground truth; otherwise its region is ignored.
  public var isSure: Bool

  /// Creates a teacher's detection.
  public init(box: Box, classIndex: Int, isSure: Bool) {
    self.box = box
    self.classIndex = classIndex
    self.isSure = isSure
  }
}

extension DetectionTeacher {
  /// The IoU above which two boxes are the same object.
  private var sameThing: Float { 0.5 }

  /// A picture with the teacher's boxes behind its own, without those of annotated objects.
  ///
  /// - Complexity: O(own boxes · found boxes), plus the teacher's own.
  package func taught(_ picture: LabelledImage) -> LabelledImage {
    var picture = picture
    let known = picture.boxes.map(\.box)
    for thing in things(in: picture.image) {
      guard !known.contains(where: { $0.iou(with: thing.box) > sameThing }),
        let box = thing.box.clipped(width: picture.image.width, height: picture.image.height)
      else { continue }
      picture.boxes.append(TruthBox(box: box, classIndex: thing.classIndex, difficult: !thing.isSure))
    }
    return picture
  }
}

/// A teacher's probabilities in the feature cache, a byte for each number.
enum SoftLabels {
  static func bytes(_ probabilities: [Float], classes: Int) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: probabilities.count)
    for cell in stride(from: 0, to: probabilities.count, by: classes) {
      var sum: Float = 0
      for k in cell..<cell + classes { sum += probabilities[k] }
      guard sum > 0 else { continue }
      for k in cell..<cell + classes { bytes[k] = UInt8((probabilities[k] / sum * 255).rounded()) }
    }
    return bytes
  }
}

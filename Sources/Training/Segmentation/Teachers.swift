import Datasets
import Postprocess
import Tensors

/// A model that shows what it thinks of a picture: how likely each class is, where a mask says which one it is.
///
/// Source: "Distilling the Knowledge in a Neural Network", section 2, at temperature 1.
public protocol SegmentationTeacher: Sendable {
  /// A text that changes when the answers would.
  var key: String { get }

  /// How likely each of the task's classes is in each cell of a grid over the picture, called from several threads.
  ///
  /// - Returns: `[height, width, classes]`, from 0 up. A cell's values are taken as shares of their sum; a cell of zeros
  ///   shows nothing.
  func probabilities(of image: Image, height: Int, width: Int) -> [Float]
}

/// A model that finds things which a data set's files leave out.
public protocol DetectionTeacher: Sendable {
  /// A text that changes when the answers would.
  var key: String { get }

  /// What it finds, with the task's class numbers, called from several threads.
  func things(in image: Image) -> [TaughtThing]
}

/// Something that a teacher has found in a picture.
public struct TaughtThing: Hashable, Sendable {
  /// In pixels of the picture.
  public var box: Box
  /// 1 or greater, of the data set's classes.
  public var classIndex: Int
  /// Whether it is to be learned; what is not sure counts neither way.
  public var isSure: Bool

  public init(box: Box, classIndex: Int, isSure: Bool) {
    self.box = box
    self.classIndex = classIndex
    self.isSure = isSure
  }
}

extension DetectionTeacher {
  /// Two boxes that overlap by more are the same thing.
  private var sameThing: Float { 0.5 }

  /// A picture with the teacher's boxes behind its own, but for those of things that the files know.
  ///
  /// - Complexity: O(own boxes · found boxes), and what the teacher takes.
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

/// A teacher's answer as the features' file keeps it, a byte for each number.
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

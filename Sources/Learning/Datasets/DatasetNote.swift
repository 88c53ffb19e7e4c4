/// A decision that opening a data set made, to be told to its owner: nothing is wrong, but something was not measured,
/// or was read in one of several ways.
public struct DatasetNote: Hashable, Sendable, CustomStringConvertible {
  /// What was decided.
  public enum Kind: Hashable, Sendable {
    /// Pictures without a label file between others with one are background.
    case background
    /// Objects of the background's class are no boxes.
    case backgroundObjects
    /// Two numbers of a class with the same name are one class.
    case sameName(String)
    /// Masks in colour are read by the table of that name.
    case colours(table: String)
    /// Annotations have width and height exchanged, but their boxes are of the picture as displayed.
    case exchangedSizes
    /// Outlines of other kinds than polygons are boxes only, so that their pictures have no mask.
    case boxesOnly
    /// Folders or lists that a file names do not exist.
    case missingParts
    /// Scores behind boxes are ignored.
    case scores
    /// Shapes without an extent, such as points and lines, are no boxes.
    case shapes
    /// Annotations of the picture as stored are turned by its EXIF orientation.
    case turned
    /// Masks have two values, of which the second is the class.
    case twoValues(value: Int, className: String)
    /// Pictures without an annotation are left out.
    case unlabelled
    /// The masks looked at have the values 0 and 255 alone, and 255 is the ignore index.
    case voidOnly
  }

  /// What was decided.
  public let kind: Kind
  /// The number of pictures, annotations or files that it is about.
  public let count: Int
  /// The first of them.
  public let example: String

  /// The decision in words, with the number and the first example.
  public var description: String {
    let first = count == 1 ? "(\(example.onOneLine))" : "(the first: \(example.onOneLine))"
    return "\(words) \(first)"
  }

  private var words: String {
    func counted(_ one: String, _ many: String) -> String { "\(count) \(count == 1 ? one : many)" }
    switch kind {
    case .background:
      return counted("picture has no label file and is background", "pictures have no label file and are background")
    case .backgroundObjects:
      return counted(
        "object is of the background's class and no box", "objects are of the background's class, no boxes")
    case .sameName(let name): return "the class \(name.onOneLine) has several numbers, which are taken as one class"
    case .colours(let table):
      return counted("mask is read", "masks are read") + " by the colours of \(table.onOneLine)"
    case .exchangedSizes:
      return counted("annotation has", "annotations have")
        + " width and height of the picture exchanged; the boxes fit the picture as displayed and are used"
    case .boxesOnly:
      return counted("picture has", "pictures have") + " boxes without outlines and therefore no mask"
    case .missingParts: return counted("folder or list is", "folders or lists are") + " named but not there"
    case .scores: return counted("box has a score", "boxes have scores") + ", which is ignored in ground truth"
    case .shapes: return counted("shape has", "shapes have") + " no extent, as points and lines, and is no box"
    case .turned:
      return counted("annotation is of the picture as stored and is", "annotations are of pictures as stored and are")
        + " turned by the EXIF orientation"
    case .twoValues(let value, let name):
      return "the masks have two values: 0 is the background and \(value) is \(name.onOneLine)"
    case .unlabelled:
      return counted("picture has no annotation and is left out", "pictures have no annotation and are left out")
    case .voidOnly:
      return "the masks looked at have the values 0 and 255 only; with several classes 255 is the ignore index"
    }
  }
}

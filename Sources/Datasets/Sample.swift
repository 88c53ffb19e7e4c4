import Files
import ImageCodecs
import Postprocess
import Tensors

/// One picture of a data set and what is known about it; pixels are read when they are asked for.
public struct Sample: Sendable {
  /// The picture's file.
  public let path: String
  /// The picture's name inside its data set, without folder of the pictures and extension: `000000000009`, `val/street`.
  public let name: String
  /// Columns of the picture as displayed.
  public let width: Int
  /// Rows of the picture as displayed.
  public let height: Int
  /// COCO's image id, where the files have one.
  public let id: Int?
  /// Whether the files say which boxes there are.
  public let hasBoxes: Bool
  /// In the files' order.
  public let boxes: [TruthBox]
  public let mask: MaskSource?
  /// The class of the whole picture, 1 or greater of the data set's classes, where the files say one.
  public let classIndex: Int?

  public init(
    path: String, name: String, width: Int, height: Int, id: Int? = nil, boxes: [TruthBox]?, mask: MaskSource?,
    classIndex: Int? = nil
  ) {
    self.path = path
    self.name = name
    self.width = width
    self.height = height
    self.id = id
    hasBoxes = boxes != nil
    self.boxes = boxes ?? []
    self.mask = mask
    self.classIndex = classIndex
  }

  /// Reads the picture.
  ///
  /// - Throws: `DatasetError` where it is damaged or has another size than the data set's files say.
  public func readImage(limits: Limits = .standard) throws(DatasetError) -> Image {
    let image: Image
    do throws(ImageError) { image = try ImageFile.read(path: path, limits: limits) } catch { throw .picture(error) }
    guard (image.width, image.height) == (width, height) else {
      throw .size(file: path, expected: "\(width)x\(height)", found: "\(image.width)x\(image.height)")
    }
    return image
  }

  /// Reads the mask, `nil` where there is none: class numbers and 255 for void, of the picture's size.
  ///
  /// - Throws: `DatasetError` where it is damaged, has another size than the picture or a value without a class.
  public func readMask(limits: Limits = .standard) throws(DatasetError) -> Mask? {
    try mask?.read(width: width, height: height, limits: limits)
  }

  /// Reads picture and mask.
  ///
  /// - Throws: `DatasetError`.
  public func read(limits: Limits = .standard) throws(DatasetError) -> LabelledImage {
    LabelledImage(
      image: try readImage(limits: limits), mask: try readMask(limits: limits), boxes: boxes, classIndex: classIndex)
  }
}

extension Sample {
  /// The files that it is read from.
  public var files: [String] { [path] + (mask.map { [$0.path] } ?? []) }

  /// Sizes and times of change of the picture's and the mask's files, the boxes and the class, as a text that changes when they
  /// do.
  public var stamp: String {
    var text = Folder.stamp(path)
    if let mask { text += " " + mask.stamp }
    if let classIndex { text += " class \(classIndex)" }
    for box in boxes { text += " \(box.classIndex) \(box.box.x1) \(box.box.y1) \(box.box.x2) \(box.box.y2)" }
    return text
  }
}

/// A thing that is in a picture.
public struct TruthBox: Hashable, Sendable {
  /// In pixels of the picture as displayed, from its first corner, continuous.
  ///
  /// A box around the first pixel alone is 0, 0, 1, 1. Inside the picture, with a positive extent.
  ///
  /// Pascal VOC's boxes count pixels from 1 and include the last, so that `xmin ymin xmax ymax` of 1 1 1 1 is that box.
  public var box: Box
  /// 1 or greater, of the data set's classes.
  public var classIndex: Int
  /// Hard to recognise: counts neither for nor against (Pascal VOC).
  public var difficult: Bool
  /// A group of things that nobody outlined one by one (COCO's `iscrowd`).
  public var crowd: Bool
  /// In square pixels: of the outline where the files state it (COCO), else of the box.
  public var area: Float

  public init(box: Box, classIndex: Int, difficult: Bool = false, crowd: Bool = false, area: Float? = nil) {
    self.box = box
    self.classIndex = classIndex
    self.difficult = difficult
    self.crowd = crowd
    self.area = area ?? box.area
  }
}

/// A picture in memory with the truth about it.
public struct LabelledImage: Hashable, Sendable {
  public var image: Image
  /// Of the picture's size.
  public var mask: Mask?
  /// In pixels of the picture.
  public var boxes: [TruthBox]
  /// The class of the whole picture, where one is known.
  public var classIndex: Int?

  public init(image: Image, mask: Mask?, boxes: [TruthBox], classIndex: Int? = nil) {
    if let mask {
      precondition((mask.width, mask.height) == (image.width, image.height), "a mask of another size than its picture")
    }
    self.image = image
    self.mask = mask
    self.boxes = boxes
    self.classIndex = classIndex
  }
}

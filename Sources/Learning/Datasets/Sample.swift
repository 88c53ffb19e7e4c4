import Files
import ImageCodecs
import ImageTypes

/// One sample of a data set: a picture with its ground truth.
///
/// Pixels are read on demand.
public struct Sample: Sendable {
  /// The picture's file.
  public let path: String
  /// The picture's name inside its data set, without folder of the pictures and extension: `000000000009`,
  /// `val/street`.
  public let name: String
  /// Columns of the picture as displayed.
  public let width: Int
  /// Rows of the picture as displayed.
  public let height: Int
  /// COCO's image id, where the files have one.
  public let id: Int?
  /// The image id of a COCO file whose ids are texts.
  public let textID: String?
  /// Whether the boxes are annotated.
  public let hasBoxes: Bool
  /// The boxes in the files' order.
  public let boxes: [TruthBox]
  package let mask: MaskSource?
  /// The class of the whole picture, 1 or greater of the data set's classes, where it is annotated.
  public let classIndex: Int?

  package init(
    path: String, name: String, width: Int, height: Int, id: Int? = nil, textID: String? = nil, boxes: [TruthBox]?,
    mask: MaskSource?, classIndex: Int? = nil
  ) {
    self.path = path
    self.name = name
    self.width = width
    self.height = height
    self.id = id
    self.textID = textID
    hasBoxes = boxes != nil
    self.boxes = boxes ?? []
    self.mask = mask
    self.classIndex = classIndex
  }

  /// The same picture with other ground truth.
  func with(boxes: [TruthBox]?, mask: MaskSource?, classIndex: Int?) -> Sample {
    Sample(
      path: path, name: name, width: width, height: height, id: id, textID: textID, boxes: boxes, mask: mask,
      classIndex: classIndex)
  }

  /// Reads the picture.
  ///
  /// - Throws: `DatasetError` where it is damaged or its size differs from the annotation's.
  public func readImage(limits: Limits = .standard) throws(DatasetError) -> Image {
    let image: Image
    do throws(ImageError) { image = try ImageFile.read(path: path, limits: limits) } catch { throw .picture(error) }
    guard (image.width, image.height) == (width, height) else {
      throw .size(file: path, expected: "\(width)x\(height)", found: "\(image.width)x\(image.height)")
    }
    return image
  }

  /// Reads the mask, `nil` where there is none: class numbers and the ignore index 255, of the picture's size.
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
  /// The sample's files.
  public var files: [String] { [path] + (mask.map { [$0.path] } ?? []) }

  /// Sizes and times of change of the picture's and the mask's files, the boxes and the class, as a text that changes
  /// when they do.
  package var stamp: String {
    var text = Folder.stamp(path)
    if let mask { text += " " + mask.stamp }
    if let classIndex { text += " class \(classIndex)" }
    for box in boxes { text += " \(box.classIndex) \(box.box.x1) \(box.box.y1) \(box.box.x2) \(box.box.y2)" }
    return text
  }
}

/// A ground-truth box.
public struct TruthBox: Hashable, Sendable {
  /// The box in continuous coordinates, in pixels of the picture as displayed.
  ///
  /// A box around the first pixel alone is 0, 0, 1, 1. Inside the picture, with a positive extent.
  ///
  /// Pascal VOC's boxes count pixels from 1 and include the last, so that `xmin ymin xmax ymax` of 1 1 1 1 is that box.
  public var box: Box
  /// 1 or greater, of the data set's classes.
  public var classIndex: Int
  /// Whether it is difficult, and ignored in training and evaluation (Pascal VOC).
  public var difficult: Bool
  /// Whether it is a crowd, a group of objects without individual annotations (COCO's `iscrowd`).
  public var crowd: Bool
  /// The area in square pixels: the outline's where the files have it (COCO), else the box's.
  public var area: Float

  /// Creates a ground-truth box, by default with the box's own area.
  public init(box: Box, classIndex: Int, difficult: Bool = false, crowd: Bool = false, area: Float? = nil) {
    self.box = box
    self.classIndex = classIndex
    self.difficult = difficult
    self.crowd = crowd
    self.area = area ?? box.area
  }
}

/// A picture in memory with its ground truth.
public struct LabelledImage: Hashable, Sendable {
  /// The pixels.
  public var image: Image
  /// The mask, of the picture's size.
  public var mask: Mask?
  /// The boxes, in pixels of the picture.
  public var boxes: [TruthBox]
  /// The class of the whole picture, where one is known.
  public var classIndex: Int?

  /// Creates a picture with its ground truth; a mask must have the picture's size.
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

import ModelFiles

/// The class names of the data sets that known checkpoints were trained on.
public enum ClassNames {
  /// COCO's 80 classes with the data set's own ids, which have gaps up to 90.
  ///
  /// A detector's outputs are the ids.
  ///
  /// Source: the category list of the COCO annotations.
  public static let coco: [(id: Int, name: String)] = [
    (1, "person"), (2, "bicycle"), (3, "car"), (4, "motorcycle"), (5, "airplane"), (6, "bus"), (7, "train"),
    (8, "truck"), (9, "boat"), (10, "traffic light"), (11, "fire hydrant"), (13, "stop sign"), (14, "parking meter"),
    (15, "bench"), (16, "bird"), (17, "cat"), (18, "dog"), (19, "horse"), (20, "sheep"), (21, "cow"),
    (22, "elephant"), (23, "bear"), (24, "zebra"), (25, "giraffe"), (27, "backpack"), (28, "umbrella"),
    (31, "handbag"), (32, "tie"), (33, "suitcase"), (34, "frisbee"), (35, "skis"), (36, "snowboard"),
    (37, "sports ball"), (38, "kite"), (39, "baseball bat"), (40, "baseball glove"), (41, "skateboard"),
    (42, "surfboard"), (43, "tennis racket"), (44, "bottle"), (46, "wine glass"), (47, "cup"), (48, "fork"),
    (49, "knife"), (50, "spoon"), (51, "bowl"), (52, "banana"), (53, "apple"), (54, "sandwich"), (55, "orange"),
    (56, "broccoli"), (57, "carrot"), (58, "hot dog"), (59, "pizza"), (60, "donut"), (61, "cake"), (62, "chair"),
    (63, "couch"), (64, "potted plant"), (65, "bed"), (67, "dining table"), (70, "toilet"), (72, "tv"),
    (73, "laptop"), (74, "mouse"), (75, "remote"), (76, "keyboard"), (77, "cell phone"), (78, "microwave"),
    (79, "oven"), (80, "toaster"), (81, "sink"), (82, "refrigerator"), (84, "book"), (85, "clock"), (86, "vase"),
    (87, "scissors"), (88, "teddy bear"), (89, "hair drier"), (90, "toothbrush"),
  ]

  /// Pascal VOC's 20 classes after the background, by id.
  ///
  /// Source: the class list of the Pascal VOC 2012 development kit.
  public static let pascalVOC = [
    "background", "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow",
    "diningtable", "dog", "horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train", "tvmonitor",
  ]

  /// The labels of a detector with the background as output 0: COCO's for 91 outputs, otherwise numbers.
  static func detector(outputs: Int, named names: [String]?) -> [ClassLabel] {
    if let names {
      return zip(1..<max(outputs, 1), names).map { ClassLabel(output: $0, id: $0, name: $1) }
    }
    if outputs == 91 { return coco.map { ClassLabel(output: $0.id, id: $0.id, name: $0.name) } }
    return (1..<max(outputs, 1)).map { ClassLabel(output: $0, id: $0, name: "class-\($0)") }
  }

  /// The labels of a classifier.
  ///
  /// TensorFlow's ImageNet classifiers have an output in front of the data set's classes, the background, which lists
  /// of the classes leave out: 1000 names go to outputs 1 to 1000 of such a one.
  /// - Returns: `nil` for too few or too many names.
  public static func classifier(outputs: Int, named names: [String]) -> [ClassLabel]? {
    let names = outputs == 1001 && names.count == 1000 ? ["background"] + names : names
    guard names.count == outputs else { return nil }
    return names.enumerated().map { ClassLabel(output: $0, id: $0, name: $1) }
  }

  /// The labels of a segmenter, background included: Pascal VOC's for 21 outputs, otherwise numbers.
  static func segmenter(outputs: Int, named names: [String]?) -> [ClassLabel] {
    let names = names ?? (outputs == 21 ? pascalVOC : (0..<outputs).map { "class-\($0)" })
    return zip(0..<outputs, names).map { ClassLabel(output: $0, id: $0, name: $1) }
  }
}

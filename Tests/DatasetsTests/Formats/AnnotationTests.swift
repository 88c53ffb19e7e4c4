import Datasets
import Files
import ImageCodecs
import ImageTypes
import Testing

/// What annotations contain: odd fields, one bad thing among good ones, sizes of turned pictures, other exports.
@Suite struct AnnotationTests {
  private static func object(_ more: String, _ xmax: Int = 5) -> String {
    "<object><name>cat</name>\(more)<bndbox><xmin>1</xmin><ymin>1</ymin><xmax>\(xmax)</xmax><ymax>5</ymax></bndbox></object>"
  }

  private func opened(
    _ annotation: String, _ path: String = "Annotations/a.xml", strict: Bool = false
  ) throws -> Dataset {
    try LayoutTests.opened([("JPEGImages/a.png", nil), (path, annotation)], strict: strict)
  }

  @Test(arguments: [
    ("<difficult/>", false), ("<difficult>Unspecified</difficult>", false), ("<difficult> 1 </difficult>", true),
    ("<difficult>False</difficult>", false), ("", false),
  ]) func optionalFields(field: String, isDifficult: Bool) throws {
    let data = try opened("<annotation><size><width/></size>\(Self.object(field))</annotation>", strict: true)
    #expect(data.samples[0].boxes.map(\.difficult) == [isDifficult])
  }

  @Test func oddFieldsAreTold() throws {
    let data = try opened("<annotation>\(Self.object("<difficult>maybe</difficult>"))</annotation>")
    #expect(data.samples[0].boxes.map(\.difficult) == [false])
    #expect(data.dropped.count == 1 && data.dropped[0].description.contains("maybe"))
  }

  @Test(arguments: [object("", -3), "<object><name>cat</name></object>", object("").replacing("cat", with: " ")])
  func oneBadObject(bad: String) throws {
    let data = try opened("<annotation>\(Self.object("")) \(bad)</annotation>")
    #expect(data.samples[0].boxes.count == 1 && data.skipped.isEmpty)
    #expect(data.dropped.count == 1 && data.dropped[0].description.contains("a.xml: line 1"))
    #expect(throws: DatasetError.self) { try opened("<annotation>\(Self.object(""))\(bad)</annotation>", strict: true) }
  }

  @Test(arguments: [
    ("gbk", [0xC3, 0xA8]), ("ISO-8859-1", [0xE9]), ("windows-1252", [0x80]), ("UTF-8", [0xE7, 0x8C, 0xAB]),
  ]) func encodings(encoding: String, name: [UInt8]) throws {
    let text = "<?xml version=\"1.0\" encoding=\"\(encoding)\"?><annotation>\(Self.object(""))</annotation>"
    let parts = text.split(separator: "cat")
    try Fixture.withFolder { folder in
      try Fixture.picture("\(folder)/a.png")
      try Fixture.write(Array(parts[0].utf8) + name + Array(parts[1].utf8), "\(folder)/a.xml")
      let wanted = ["gbk": "猫", "ISO-8859-1": "é", "windows-1252": "€", "UTF-8": "猫"]
      #expect(try Dataset.open(folder).classNames == ["background", wanted[encoding]])
      // Bytes that are not of the named encoding.
      try Fixture.write(Array(parts[0].utf8) + [0xFF, 0xFF] + Array(parts[1].utf8), "\(folder)/a.xml")
      if encoding == "UTF-8" || encoding == "gbk" { #expect(throws: DatasetError.self) { try Dataset.open(folder) } }
    }
  }

  // MARK: COCO

  private func coco(
    _ annotations: String, image: String = #""id": 7, "width": 40, "height": 30"#,
    categories: String = #"{"id": 3, "name": "cat"}"#, name: String = "a.png", mark: String = ""
  ) throws -> Dataset {
    let text =
      mark + "{\"images\": [{\(image), \"file_name\": \"\(name)\"}], \"annotations\": [\(annotations)], "
      + "\"categories\": [\(categories)]}"
    return try LayoutTests.opened([("images/a.png", nil), ("annotations/all.json", text)])
  }

  private static let good = #"{"image_id": 7, "category_id": 3, "bbox": [1, 1, 5, 5]}"#

  @Test(arguments: [
    #"{"image_id": 7, "category_id": 3, "bbox": [1, 1, NaN, 5]}"#,
    #"{"image_id": 7, "category_id": 3, "bbox": [1, 1, 5]}"#,
    #"{"image_id": 7, "category_id": 3, "bbox": [1, 1, 5, 5], "area": -Infinity}"#,
    #"{"image_id": 7, "bbox": [1, 1, 5, 5]}"#,
    #"{"image_id": 7, "category_id": 3, "bbox": [1, 1, 1e9, 5]}"#, #"{"image_id": 7, "category_id": 3, "bbox": null}"#,
    #"{"image_id": 7.5, "category_id": 3, "bbox": [1, 1, 5, 5]}"#, "[1, 2]",
  ]) func oneBadAnnotation(bad: String) throws {
    let data = try coco("\(bad), \(Self.good)")
    #expect(data.samples[0].boxes.count == 1 && data.skipped.isEmpty && data.dropped.count == 1)
    #expect(data.dropped.first?.description.contains("all.json: byte ") == true)
  }

  @Test(arguments: ["[[1, 1, 20, 20]]", "[[1, 2, 3, 4, 5]]", "[[]]", #"{"size": [30, 40], "counts": [5]}"#, #""x""#])
  func oneBadOutline(outline: String) throws {
    let bad = Self.good.replacing("}", with: ", \"segmentation\": \(outline)}")
    let fine = Self.good.replacing("}", with: ", \"segmentation\": [[1, 1, 6, 1, 6, 6]]}")
    let data = try coco("\(bad), \(fine)")
    #expect(data.samples[0].boxes.count == 2 && data.samples[0].mask == nil)
    #expect(data.dropped.count == 1 && data.notes.map(\.kind) == [.boxesOnly])
  }

  /// A mask of some of the objects would be wrong.
  @Test func annotationsThatAreLeftOutLeaveNoMask() throws {
    let fine = Self.good.replacing("}", with: ", \"segmentation\": [[1, 1, 6, 1, 6, 6]]}")
    #expect(try coco(fine).samples[0].mask != nil)
    for bad in ["\"area\": NaN}", "\"bbox\": [1, 1, 1]}", "\"category_id\": 8}"] {
      let data = try coco("\(fine), \(fine.replacing("}", with: ", \(bad)"))")
      #expect(data.samples[0].mask == nil && data.dropped.count == 1 && data.samples[0].boxes.count == 1, "\(bad)")
    }
    // An object without an extent has no pixels.
    let flat = try coco("\(fine), \(fine.replacing("5, 5]", with: "5, 0]"))")
    #expect(flat.samples[0].mask != nil && flat.dropped.count == 1)
  }

  @Test func idsAsTexts() throws {
    let data = try coco(
      #"{"image_id": "x7", "category_id": "c", "bbox": [1, 1, 5, 5]}"#, image: #""id": "x7", "width": null"#,
      categories: #"{"id": "c", "name": "cat"}, {"id": "b", "name": "dog"}"#)
    #expect(data.samples[0].id == nil && data.samples[0].textID == "x7" && data.samples[0].boxes.count == 1)
    #expect(data.classNames == ["background", "dog", "cat"] && data.samples[0].boxes[0].classIndex == 2)
    // A number in a text is that number.
    let numbers = try coco(Self.good, image: #""id": "7""#, categories: #"{"id": "3", "name": "cat"}"#)
    #expect(numbers.samples[0].id == 7 && numbers.samples[0].boxes.count == 1 && numbers.classes[1].id == 3)
  }

  @Test func marksNamesAndBackground() throws {
    for (name, mark) in [
      ("images\\\\a.png", "\u{feff}"), (".\\\\a.png", ""), ("C:\\\\data\\\\a.png", ""), ("old/place/a.png", ""),
    ] {
      #expect(try coco(Self.good, name: name, mark: mark).samples[0].boxes.count == 1, "\(name)")
    }
    let background = try coco(
      "\(Self.good), \(Self.good.replacing(": 3,", with: ": 9,"))",
      categories: #"{"id": 3, "name": "cat"}, {"id": 9, "name": "Background"}"#)
    #expect(background.classes == [.init(name: "Background", id: 9), .init(name: "cat", id: 3)])
    #expect(background.samples[0].boxes.count == 1 && background.notes.map(\.kind) == [.backgroundObjects])
    let twice = try coco(
      "\(Self.good), \(Self.good.replacing(": 3,", with: ": 4,"))",
      categories: #"{"id": 3, "name": "cat"}, {"id": 4, "name": "cat"}"#)
    #expect(twice.samples[0].boxes.map(\.classIndex) == [1, 1] && twice.notes.map(\.kind) == [.sameName("cat")])
  }

  // MARK: Turned pictures

  /// A JPEG of 40x30 stored pixels with an EXIF orientation.
  private func turned(_ orientation: UInt8, _ path: String) throws {
    let jpeg = try ImageFile.encode(Image(width: 40, height: 30, red: 90), as: .jpeg())
    let exif: [UInt8] =
      [
        0x45, 0x78, 0x69, 0x66, 0, 0, 0x4D, 0x4D, 0, 0x2A, 0, 0, 0, 8, 0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation,
        0, 0,
      ]
      + [0, 0, 0, 0]
    try Fixture.write(
      Array(jpeg[..<2]) + [0xFF, 0xE1, 0, UInt8(exif.count + 2)] + exif + Array(jpeg[2...]), path)
  }

  /// The stored box 2, 3 to 12, 7 in the picture as displayed.
  @Test(
    arguments: [
      (UInt8(5), Box(x1: 3, y1: 2, x2: 7, y2: 12)), (UInt8(6), Box(x1: 23, y1: 2, x2: 27, y2: 12)),
      (UInt8(7), Box(x1: 23, y1: 28, x2: 27, y2: 38)), (UInt8(8), Box(x1: 3, y1: 28, x2: 7, y2: 38)),
    ] as [(UInt8, Box)]) func annotationsOfStoredPictures(orientation: UInt8, box: Box) throws
  {
    try Fixture.withFolder { folder in
      try turned(orientation, "\(folder)/images/a.jpg")
      let outline = "[[2, 3, 12, 3, 12, 7, 2, 7]]"
      try Fixture.write(
        #"{"images": [{"id": 1, "width": 40, "height": 30, "file_name": "a.jpg"}], "categories": [{"id": 1, "name": "cat"}], "#
          + #""annotations": [{"image_id": 1, "category_id": 1, "bbox": [2, 3, 10, 4], "segmentation": \#(outline)}]}"#,
        "\(folder)/all.json")
      let data = try Dataset.open(folder)
      #expect(data.samples[0].boxes.map(\.box) == [box] && data.notes.map(\.kind) == [.turned])
      let mask = try #require(try data.samples[0].readMask())
      #expect((mask.width, mask.height) == (30, 40))
      for y in 0..<40 {
        for x in 0..<30 {
          let isInside = Float(x) >= box.x1 && Float(x) < box.x2 && Float(y) >= box.y1 && Float(y) < box.y2
          if (mask.ids[y * 30 + x] == 1) != isInside { Issue.record("\(x), \(y)") }
        }
      }
    }
  }

  @Test func exchangedSizesAreNeverGuessed() throws {
    func xml(_ width: Int, _ height: Int, _ xmax: Int, _ ymax: Int) -> String {
      "<annotation><size><width>\(width)</width><height>\(height)</height></size><object><name>cat</name><bndbox><xmin>1</xmin>"
        + "<ymin>1</ymin><xmax>\(xmax)</xmax><ymax>\(ymax)</ymax></bndbox></object></annotation>"
    }
    // The box does not fit 30x40, so that the sides alone are exchanged.
    let exchanged = try opened(xml(30, 40, 38, 20))
    #expect(exchanged.samples[0].boxes.map(\.box) == [Box(x1: 0, y1: 0, x2: 38, y2: 20)])
    #expect(exchanged.notes.map(\.kind) == [.exchangedSizes])
    let unclear = #expect(throws: DatasetError.self) { try opened(xml(30, 40, 20, 20)) }
    #expect(unclear?.description.contains("EXIF") == true)
    #expect(throws: DatasetError.self) { try opened(xml(80, 60, 20, 20)) }
    try Fixture.withFolder { folder in
      try turned(6, "\(folder)/a.jpg")
      try Fixture.write(xml(40, 30, 20, 38), "\(folder)/a.xml")
      #expect(try Dataset.open(folder).samples[0].boxes.map(\.box) == [Box(x1: 0, y1: 0, x2: 20, y2: 38)])
    }
  }

  // MARK: Other exports

  private static let box = Box(x1: 10, y1: 12, x2: 30, y2: 18)
  private static let exports: [(DatasetFormat, [(String, String?)])] = [
    (
      .labelme,
      [
        ("a.png", nil),
        (
          "a.json",
          #"{"shapes": [{"label": "cat", "points": [[30, 18], [10, 12]], "shape_type": "rectangle"}, {"label": "p", "#
            + #""points": [[1, 1]], "shape_type": "point"}], "imagePath": "a.png", "imageHeight": 30, "imageWidth": 40}"#
        ),
      ]
    ),
    (
      .labelme,
      [
        ("img/a.png", nil),
        (
          "json/a.json",
          #"{"version": "4", "imageData": "AA==", "imagePath": "..\\img\\a.png", "shapes": [{"label": "cat", "points": [[10, 12], "#
            + #"[30, 12], [30, 18], [10, 18]]}, {"label": "cat", "points": [[1, 2]]}]}"#
        ),
      ]
    ),
    (
      .cvat,
      [
        ("images/x/a.png", nil),
        (
          "annotations.xml",
          "<annotations><image name=\"x/a.png\" width=\"40\" height=\"30\"><box label=\"cat\" xtl=\"10\" ytl=\"12\" xbr=\"30\" "
            + "ybr=\"18\"/><box label=\"cat\" xtl=\"1\"/></image></annotations>"
        ),
      ]
    ),
    (
      .cvat,
      [
        ("a.png", nil),
        (
          "export.xml",
          "<?xml version=\"1.0\"?>\n<annotations><image name=\"a.png\"><polygon label=\"cat\" points=\"10,12;30,12;30,18;10,18\"/>"
            + "<polyline label=\"cat\" points=\"1,2;3,4\"/></image></annotations>"
        ),
      ]
    ),
    (
      .supervisely,
      [
        ("meta.json", #"{"classes": [{"title": "cat"}]}"#), ("one/img/a.png", nil),
        (
          "one/ann/a.png.json",
          #"{"size": {"height": 30, "width": 40}, "objects": [{"classTitle": "cat", "geometryType": "rectangle", "#
            + #""points": {"exterior": [[10, 12], [30, 18]], "interior": []}}]}"#
        ),
      ]
    ),
    (
      .boxTable,
      [
        ("train/a.png", nil),
        (
          "train/_annotations.csv",
          "filename,width,height,class,xmin,ymin,xmax,ymax\na.png,40,30,cat,10,12,30,18\na.png,40,30,cat,,,,\n"
        ),
      ]
    ),
    (
      .boxTable,
      [
        ("images/a.png", nil),
        ("boxes.csv", "xmin,ymin,xmax,ymax,label,image_path\n10,12,30,18,\"cat\",images/a.png\n"),
      ]
    ),
  ]

  @Test(arguments: exports.indices) func otherExports(index: Int) throws {
    let (format, files) = Self.exports[index]
    let data = try LayoutTests.opened(files)
    #expect(data.formats == [format] && data.classNames == ["background", "cat"])
    #expect(data.samples[0].boxes.map(\.box) == [Self.box] && data.skipped.isEmpty)
    #expect(data.dropped.count <= 1 && data.notes.allSatisfy { [.shapes, .boxesOnly].contains($0.kind) })
  }

  @Test(arguments: ["{\"shapes\": [", "{\"shapes\": {}}", "{\"shapes\": [{}]}{"]) func damagedExports(text: String)
    throws
  {
    let data = try LayoutTests.opened([
      ("a.png", nil), ("a.json", "{\"shapes\": [], \"imagePath\": \"a.png\"}"), ("b.png", nil), ("b.json", text),
    ])
    #expect(data.samples.map(\.name) == ["a"] && data.skipped.count == 1)
    #expect(data.skipped.first?.description.contains("b.json: byte ") == true, "\(data.skipped)")
  }
}

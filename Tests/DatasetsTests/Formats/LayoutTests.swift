import Datasets
import Files
import ImageTypes
import Testing

/// The layouts of folders that programs write.
@Suite struct LayoutTests {
  private static let label = "0 0.5 0.5 0.5 0.2\n"
  private static let box = Box(x1: 10, y1: 12, x2: 30, y2: 18)
  private static let xml =
    "<annotation><object><name>cat</name><bndbox><xmin>11</xmin><ymin>13</ymin><xmax>30</xmax><ymax>18</ymax></bndbox>"
    + "</object></annotation>"

  /// Opens files of these contents; a file without contents is a picture.
  static func opened(
    _ files: [(String, String?)], _ inside: String = "", strict: Bool = false
  ) throws -> Dataset {
    try Fixture.withFolder { folder in
      for (name, text) in files {
        if let text {
          try Fixture.write(text, "\(folder)/set/\(name)")
        } else {
          try Fixture.picture("\(folder)/set/\(name)")
        }
      }
      var options = Dataset.Options()
      options.isStrict = strict
      return try Dataset.open("\(folder)/set\(inside)", options)
    }
  }

  private static let roboflow: [(String, String?)] = [
    ("train/images/a.png", nil), ("train/labels/a.txt", label), ("valid/images/b.png", nil),
    ("valid/labels/b.txt", label),
    ("data.yaml", "train: ../train/images\nval: ../valid/images\ntest: ../test/images\n\nnc: 1\nnames: ['cat']\n"),
  ]
  private static let ultralytics: [(String, String?)] = [
    ("images/train/a.png", nil), ("labels/train/a.txt", label), ("images/val/b.png", nil), ("labels/val/b.txt", label),
    ("data.yaml", "path: ../datasets/pets  # root\ntrain: images/train\nval: images/val\nnames:\n  0: cat\n"),
    ("labels/train.cache", "x"),
  ]

  /// Files, the opened place, and the samples' names.
  private static let yolo: [(files: [(String, String?)], inside: String, names: [String])] = [
    (roboflow, "", ["train/a", "valid/b"]), (roboflow, "/data.yaml", ["train/a", "valid/b"]),
    (roboflow, "/train", ["a"]), (roboflow, "/valid/images", ["b"]),
    (ultralytics, "", ["train/a", "val/b"]), (ultralytics, "/images/val", ["b"]),
    // Flat, as labelImg writes.
    ([("a.png", nil), ("a.txt", label), ("classes.txt", "cat\n")], "", ["a"]),
    ([("images/a.png", nil), ("images/a.txt", label), ("images/classes.txt", "cat\n\n")], "", ["a"]),
    // Darknet and CVAT.
    (
      [
        ("obj_train_data/a.png", nil), ("obj_train_data/a.txt", label), ("obj.names", "cat\n"),
        ("obj.data", "classes = 1\nnames = data/obj.names\n"), ("train.txt", "data/obj_train_data/a.png\n"),
      ], "", ["obj_train_data/a"]
    ),
    // Lists of paths of another machine, and an absolute root that is not there.
    (
      [
        ("images/a.png", nil), ("labels/a.txt", label), ("images/b 1.png", nil), ("labels/b 1.txt", label),
        ("images/c.png", nil), ("labels/c.txt", label), ("list.txt", "/content/x/images/a.png\n./images/b 1.png\n"),
        ("data.yaml", "path: /content/x\ntrain: list.txt\nnames: [cat]\n"),
      ], "", ["a", "b 1"]
    ),
    (
      [
        ("train/images/a.png", nil), ("train/labels/a.txt", label),
        ("data.yaml", "train:\n  - /content/pets/train/images\nval: /content/pets/valid/images\nnames: [cat]\n"),
      ], "", ["train/a"]
    ),
  ]

  @Test(arguments: yolo.indices) func yoloLayouts(index: Int) throws {
    let (files, inside, names) = Self.yolo[index]
    let data = try Self.opened(files, inside)
    #expect(data.formats == [.yolo])
    #expect(data.samples.map(\.name) == names)
    #expect(data.samples.allSatisfy { $0.boxes == [TruthBox(box: Self.box, classIndex: 1)] })
    #expect(data.classNames == ["background", "cat"])
    #expect(data.skipped.isEmpty && data.dropped.isEmpty)
  }

  /// Files whose XML says where a cat is.
  private static let voc: [(files: [(String, String?)], names: [String])] = [
    ([("a.png", nil), ("a.xml", xml)], ["a"]),
    (
      [("train/a.png", nil), ("train/a.xml", xml), ("valid/b.png", nil), ("valid/b.xml", xml)], ["train/a", "valid/b"]
    ),
    ([("images/a.png", nil), ("annotations/xmls/a.xml", xml), ("annotations/trimaps/a.png", nil)], ["a"]),
    (
      [
        ("train/images/a.png", nil), ("train/annotations/a.xml", xml), ("test/images/a.png", nil),
        ("test/annotations/a.xml", xml),
      ], ["test/a", "train/a"]
    ),
    ([("images/a.png", nil), ("labels/a.xml", xml)], ["a"]),
    // The picture of the name inside.
    (
      [
        ("JPEGImages/a.png", nil),
        ("Annotations/0001.xml", xml.replacing("<object>", with: "<filename>C:\\x\\a.png</filename><object>")),
      ], ["a"]
    ),
  ]

  @Test(arguments: voc.indices) func vocLayouts(index: Int) throws {
    let (files, names) = Self.voc[index]
    let data = try Self.opened(files)
    #expect(data.formats == [.voc] && data.samples.map(\.name) == names)
    #expect(data.samples.allSatisfy { $0.boxes.map(\.box) == [Self.box] })
    #expect(data.skipped.isEmpty)
  }

  @Test func picturesMayLieElsewhere() throws {
    try Fixture.withFolder { folder in
      try Fixture.picture("\(folder)/pets/images/train/a.png")
      try Fixture.write(Self.label, "\(folder)/pets/labels/train/a.txt")
      for root in ["../pets", "\(folder)/pets"] {
        try Fixture.write(
          "path: \(root)\ntrain: images/train\nval: images/val\nnames: [cat]\n", "\(folder)/set/pets.yaml")
        for place in ["set", "set/pets.yaml"] {
          let data = try Dataset.open("\(folder)/\(place)")
          #expect(data.samples.map(\.boxes) == [[TruthBox(box: Self.box, classIndex: 1)]])
          #expect(data.notes.map(\.kind) == [.missingParts])
        }
      }
      try Fixture.write("path: /nowhere\ntrain: images\nnames: [cat]\n", "\(folder)/set/pets.yaml")
      let error = #expect(throws: DatasetError.self) { try Dataset.open("\(folder)/set") }
      #expect(error?.description.contains("at least one picture where") == true)
    }
  }

  @Test func foldersOfLabelsMayHoldOtherFormats() throws {
    let json = "{\"shapes\": [{\"label\": \"cat\", \"points\": [[10, 12], [30, 18]], \"shape_type\": \"rectangle\"}]}"
    let labelme = try Self.opened([("images/a.png", nil), ("labels/a.json", json)])
    #expect(labelme.formats == [.labelme] && labelme.samples[0].boxes.map(\.box) == [Self.box])
    let mine = try Self.opened([("images/a.png", nil), ("labels/classes.txt", "cat\n")])
    #expect(mine.formats == [.yolo] && mine.samples.map(\.boxes) == [[]] && mine.notes.map(\.kind) == [.background])
  }

  @Test func cocoFilesOfParts() throws {
    func json(_ name: String) -> String {
      #"{"images": [{"id": 0, "file_name": "\#(name)"}], "categories": [{"id": 0, "name": "pets"}, {"id": 1, "name": "cat"}], "#
        + #""annotations": [{"image_id": 0, "category_id": 1, "bbox": [10, 12, 20, 6]}]}"#
    }
    let data = try Self.opened([
      ("train/a.png", nil), ("train/_annotations.coco.json", json("a.png")), ("valid/b.png", nil),
      ("valid/_annotations.coco.json", json("b.png")),
    ])
    #expect(data.samples.map(\.name) == ["train/a", "valid/b"] && data.samples.allSatisfy { $0.id == nil })
    #expect(data.samples.allSatisfy { $0.boxes.map(\.box) == [Self.box] })
  }

  @Test func classesInsideParts() throws {
    let data = try Self.opened([
      ("train/cat/a.png", nil), ("train/dog/b.png", nil), ("test/cat/c.png", nil), ("test/dog/d.png", nil),
    ])
    #expect(data.classNames == ["(none)", "cat", "dog"])
    #expect(data.samples.map(\.classIndex) == [1, 2, 1, 2])
  }

  @Test func severalFilesAreNamed() throws {
    let files: [(String, String?)] = [
      ("images/a.png", nil), ("labels/a.txt", Self.label), ("data.yaml", "names: [cat]\n"),
      ("dataset.yaml", "names: [dog]\n"),
    ]
    let error = #expect(throws: DatasetError.self) { try Self.opened(files) }
    let text = error?.description ?? ""
    #expect(text.contains("/data.yaml and ") && text.contains("/dataset.yaml") && text.contains("open the one"))
    #expect(try Self.opened(files, "/dataset.yaml").classNames == ["background", "dog"])
    let names: [(String, String?)] = [
      ("a.png", nil), ("a.txt", Self.label), ("one.names", "cat\n"), ("two.names", "dog\n"),
    ]
    #expect(throws: DatasetError.self) { try Self.opened(names) }
    let coco: [(String, String?)] = [
      ("annotations/a.json", "{\"images\": []}"), ("annotations/b.json", "{\"images\": []}"),
    ]
    let other = #expect(throws: DatasetError.self) { try Self.opened(coco) }
    #expect(other?.description.contains("a.json and ") == true)
  }

  @Test func backgroundIsToldFromUnlabelled() throws {
    let data = try Self.opened([
      ("train/images/a.png", nil), ("train/labels/a.txt", Self.label), ("train/images/empty.png", nil),
      ("test/images/c.png", nil), ("test/images/d.png", nil), ("data.yaml", "names: [cat]\n"),
    ])
    #expect(data.samples.map(\.name) == ["train/a", "train/empty"])
    #expect(data.samples.map(\.boxes.count) == [1, 0] && data.samples.allSatisfy(\.hasBoxes))
    #expect(data.notes.map(\.count) == [2, 1] && Set(data.notes.map(\.kind)) == [.background, .unlabelled])
    #expect(data.notes.contains { $0.description.contains("empty.png") })
  }

  // MARK: Lines of YOLO files

  @Test func numbersOfOtherForms() throws {
    let data = try Self.opened([
      ("images/a.png", nil), ("classes.txt", "cat\ndog\n"),
      ("labels/a.txt", "1.0 0.5 0.5 0.5 0.2\n0 0.5 0.5 0.5 0.2 0.87\ndog 0.5 0.5 0.5 0.2\n2 0.5 0.5 0.5 0.2\n"),
    ])
    #expect(data.samples[0].boxes.map(\.classIndex) == [2, 1, 2])
    #expect(data.samples[0].boxes.allSatisfy { $0.box == Self.box })
    #expect(data.notes.map(\.kind) == [.scores])
    #expect(data.dropped.count == 1 && data.dropped[0].description.contains("a.txt: line 4"))
  }

  @Test func outlinesAreBoxesAndMasks() throws {
    try Fixture.withFolder { folder in
      for name in ["a", "b", "c", "mixed"] { try Fixture.picture("\(folder)/images/\(name).png") }
      try Fixture.write("names: [cat, dog]\n", "\(folder)/data.yaml")
      let square = "0 0.25 0.4 0.75 0.4 0.75 0.6 0.25 0.6"
      try Fixture.write("\(square)\n1 0.25 0.4 0.5 0.4 0.5 0.6 0.25 0.6 0.9\n", "\(folder)/labels/a.txt")
      try Fixture.write("\(square)\n0 0.1 0.1 0.1 0.1 0.1 0.1\n", "\(folder)/labels/b.txt")
      try Fixture.write("\(square)\n1 0.5 0.5 0.1 0.1\n", "\(folder)/labels/mixed.txt")
      let data = try Dataset.open(folder)
      #expect(data.samples.map(\.boxes.count) == [2, 1, 0, 2])
      #expect(data.samples[0].boxes.map(\.box) == [Self.box, Box(x1: 10, y1: 12, x2: 20, y2: 18)])
      #expect(data.samples[0].boxes.map(\.area) == [120, 60])
      #expect(data.dropped.count == 1 && data.dropped[0].description.contains("b.txt: line 2"))
      // The smaller object lies on top; an outline that is left out, or a box, leaves no mask; background has one.
      let mask = try #require(try data.samples[0].readMask())
      #expect(mask.pixelCounts() == [0: 1080, 1: 60, 2: 60])
      #expect(data.samples.map { $0.mask != nil } == [true, false, true, false])
      #expect(try data.samples[2].readMask()?.pixelCounts() == [0: 1200])
      #expect(Set(data.notes.map(\.kind)) == [.background, .boxesOnly, .scores])
    }
  }

  @Test func keyPointsAreNoOutlines() throws {
    let data = try Self.opened([
      ("images/a.png", nil), ("data.yaml", "names: [cat]\nkpt_shape: [2, 3]\n"),
      ("labels/a.txt", "0 0.5 0.5 0.5 0.2 0.1 0.1 2 0.9 0.9 1\n"),
    ])
    #expect(data.samples[0].boxes.map(\.box) == [Self.box] && data.samples[0].mask == nil)
  }
}

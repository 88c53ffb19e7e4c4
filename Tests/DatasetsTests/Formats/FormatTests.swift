import Datasets
import Files
import ImageCodecs
import ImageTypes
import TestSupport
import Testing

@Suite struct FormatTests {
  private func openFolder(
    strict: Bool = false, format: DatasetFormat? = nil, _ fill: (String) throws -> Void
  ) throws -> Dataset {
    try Fixture.withFolder { folder in
      try fill(folder)
      var options = Dataset.Options()
      options.isStrict = strict
      options.format = format
      return try Dataset.open(folder, options)
    }
  }

  private func expectRefusal(_ words: [String], _ fill: (String) throws -> Void) {
    let error = #expect(throws: DatasetError.self) { try openFolder(strict: true, fill) }
    let text = error?.description ?? ""
    for word in words { #expect(text.contains(word), "\(text)") }
    #expect(!text.contains("\n"))
  }

  // MARK: Pascal VOC

  private static func xml(_ inner: String, size: String = "<width>40</width><height>30</height>") -> String {
    "<annotation><size>\(size)<depth>3</depth></size>\(inner)</annotation>"
  }

  private static func object(_ name: String, _ corners: [String], _ more: String = "") -> String {
    let keys = ["xmin", "ymin", "xmax", "ymax"]
    let box = zip(keys, corners).map { "<\($0)>\($1)</\($0)>" }.joined()
    return "<object><name>\(name)</name>\(more)<bndbox>\(box)</bndbox></object>"
  }

  @Test func vocBoxesBecomeContinuous() throws {
    let data = try openFolder { folder in
      try Fixture.picture("\(folder)/JPEGImages/b.png")
      try Fixture.picture("\(folder)/JPEGImages/a.png")
      try Fixture.picture("\(folder)/JPEGImages/unlabelled.png")
      let part =
        "<part><name>head</name><bndbox><xmin>2</xmin><ymin>2</ymin><xmax>3</xmax><ymax>3</ymax></bndbox></part>"
      try Fixture.write(
        Self.xml(
          Self.object("dog", ["1", "1", "1", "1"]) + Self.object("cat", ["30.5", "20", "45", "30"], part)
            + Self.object("dog", ["2", "2", "9", "9"], "<difficult>1</difficult>")), "\(folder)/Annotations/a.xml")
      try Fixture.write("\u{feff}" + Self.xml(""), "\(folder)/Annotations/b.xml")
    }
    try #require(data.samples.map(\.name) == ["a", "b"])
    #expect(data.classes.count == 21)
    #expect(
      data.samples[0].boxes == [
        TruthBox(box: Box(x1: 0, y1: 0, x2: 1, y2: 1), classIndex: 12),
        TruthBox(box: Box(x1: 29.5, y1: 19, x2: 40, y2: 30), classIndex: 8),
        TruthBox(box: Box(x1: 1, y1: 1, x2: 9, y2: 9), classIndex: 12, difficult: true),
      ])
    #expect(data.samples[1].hasBoxes && data.samples[1].boxes.isEmpty)
  }

  @Test func vocClassesOfOnesOwn() throws {
    func fill(_ folder: String) throws {
      try Fixture.picture("\(folder)/images/a.png")
      try Fixture.write(
        Self.xml(Self.object("zebra fish", ["1", "1", "5", "5"]) + Self.object("crab", ["1", "1", "5", "5"])),
        "\(folder)/annotations/a.xml")
    }
    #expect(try openFolder(fill).classNames == ["background", "crab", "zebra fish"])
    let named = try openFolder { folder in
      try fill(folder)
      try Fixture.write("zebra fish\nshrimp\ncrab\n", "\(folder)/classes.txt")
    }
    #expect(named.classNames == ["background", "zebra fish", "shrimp", "crab"])
    #expect(named.samples[0].boxes.map(\.classIndex) == [1, 3])
  }

  @Test(arguments: [
    (xml(object("dog", ["0", "0", "nan", "5"])), ["a.xml", "line 1", "xmax", "nan"]),
    (xml(object("dog", ["1", "1", "1e40", "5"])), ["xmax", "million"]),
    (xml(object("dog", ["9", "1", "5", "5"])), ["positive size"]),
    (xml(object("dog", ["41", "1", "45", "5"])), ["inside 40x30"]),
    (xml(object("dog", ["1", "1", "5"])), ["ymax", "none"]),
    (xml(object("", ["1", "1", "5", "5"])), ["name"]),
    (xml("\n<object><name>dog</name></object>"), ["line 2", "bndbox"]),
    (xml(object("dog", ["1", "1", "5", "5"], "<difficult>maybe</difficult>")), ["difficult", "maybe"]),
    (xml("", size: "<width>41</width><height>30</height>"), ["41x30", "40x30"]),
    ("<annotation><size>", ["a.xml", "line 1", "XML"]), ("", ["XML"]), ("<other/>", ["annotation", "other"]),
    (
      "<!DOCTYPE a [<!ENTITY b \"bb\"><!ENTITY c \"&b;&b;\">]>" + xml(object("&c;", ["1", "1", "5", "5"])),
      ["document type"]
    ),
    (String(repeating: "<a>", count: 5000), ["inside each other"]),
    (
      "<annotation>" + String(repeating: "<a/>", count: 100_001) + "</annotation>",
      ["has 100001 XML elements", "Limits.elements"]
    ),
  ]) func brokenAnnotations(text: String, words: [String]) {
    expectRefusal(words) { folder in
      try Fixture.picture("\(folder)/JPEGImages/a.png")
      try Fixture.write(text, "\(folder)/Annotations/a.xml")
    }
  }

  @Test func brokenFilesAreSkippedAndNamed() throws {
    let data = try openFolder { folder in
      for name in ["a", "b", "c", "d", "e"] {
        try Fixture.picture("\(folder)/JPEGImages/\(name).png")
        try Fixture.write(Self.xml(Self.object("dog", ["1", "1", "5", "5"])), "\(folder)/Annotations/\(name).xml")
      }
      try Fixture.write("no picture", "\(folder)/JPEGImages/b.png")
      try Fixture.write("<x", "\(folder)/Annotations/c.xml")
      try Fixture.mask("\(folder)/SegmentationClass/d.png", width: 39, height: 30, [UInt8](repeating: 0, count: 1170))
      try Fixture.write(Self.xml(""), "\(folder)/Annotations/gone.xml")
      try Fixture.picture("\(folder)/JPEGImages/e.jpg")
    }
    #expect(data.samples.map(\.name) == ["a", "e"])
    #expect(data.skipped.count == 5, "\(data.skipped)")
    for part in [
      "b.png: is no picture", "c.xml: line 1", "d.png: is 39x30", "gone.jpg: is missing", "e.png: has the same",
    ] {
      #expect(data.skipped.contains { $0.description.contains(part) }, "\(part): \(data.skipped)")
    }
  }

  // MARK: YOLO

  @Test func yoloBoxesAreClipped() throws {
    let data = try openFolder { folder in
      try Fixture.picture("\(folder)/images/train/a.png")
      try Fixture.write("1 0.5 0.5 0.5 0.2\r\n\n0 1 1 0.1 0.2 \n", "\(folder)/labels/train/a.txt")
      try Fixture.write("names: [cat, 'sea, lion']\nnc: 2\n", "\(folder)/data.yaml")
    }
    #expect(
      data.classes == ["background", "cat", "sea, lion"].enumerated().map { .init(name: $1, id: max($0 - 1, 0)) })
    #expect(data.samples[0].name == "train/a")
    #expect(data.samples[0].boxes.map(\.classIndex) == [2, 1])
    let box = data.samples[0].boxes.map(\.box)
    #expect(box[0] == Box(x1: 10, y1: 12, x2: 30, y2: 18))
    #expect(box[1] == Box(x1: 38, y1: 27, x2: 40, y2: 30))
  }

  @Test(arguments: [
    ("0 0.5 0.5 0.5", "five fields"), ("2 0.5 0.5 0.5 0.5", "class"), ("0 0.5 0.5 nan 0.5", "finite"),
    ("0 0.5 0.5 -0.5 0.5", "positive size"), ("0 2 0.5 0.5 0.5", "inside"), ("x 0.5 0.5 0.5 0.5", "class"),
    ("0 1e300 0.5 0.5 0.5", "finite"), ("0 0.5 0.5 0.5 0.5 0.5 0.5", "positive size"),
  ]) func brokenLines(line: String, word: String) {
    expectRefusal(["a.txt: line 2", word]) { folder in
      try Fixture.picture("\(folder)/images/a.png")
      try Fixture.write("0 0.5 0.5 0.5 0.5\n\(line)\n", "\(folder)/labels/a.txt")
      try Fixture.write("cat\ndog\n", "\(folder)/classes.txt")
    }
  }

  // MARK: Names

  @Test(arguments: [
    ("names:\n  0: cat\n  3: dog # barks\n", [0: "cat", 3: "dog"]),
    ("names: {0: cat, 1: \"a: b\"}", [0: "cat", 1: "a: b"]),
    ("x: 1\nnames:\n- cat\n- 'it#s'\nother:\n  - no\n", [0: "cat", 1: "it#s"]),
    ("names: [cat,\n  dog,\n]\n", [0: "cat", 1: "dog"]),
    ("---\nnames:\n\n    0: traffic light\n", [0: "traffic light"]),
  ]) func namesInYAML(text: String, names: [Int: String]) throws {
    let data = try openFolder { folder in
      try Fixture.picture("\(folder)/images/a.png")
      try Fixture.write("", "\(folder)/labels/a.txt")
      try Fixture.write(text, "\(folder)/a.yaml")
    }
    let expected = names.sorted { $0.key < $1.key }
    #expect(data.classes.dropFirst().map(\.name) == expected.map(\.value))
    #expect(data.classes.dropFirst().map(\.id) == expected.map(\.key))
  }

  @Test(arguments: [
    ("names:\n  cat\n", "line 2"), ("names:\n  x: cat\n", "line 2"), ("names: &a [cat]\n", "line 1"),
    ("names:\n  0: |\n    cat\n", "plain name"), ("names: [cat\n", "closing bracket"), ("names:\n", "classes' names"),
    ("names:\n  0: cat\n  0: dog\n", "each class number once"), ("names:\n  0: \"c\\x41t\"\n", "escapes"),
    ("names:\n  70000: cat\n", "65535"), ("names:\n  0:\n", "a name"),
    (
      "names: [\(String(repeating: "x,", count: 3))\(String((0..<300).map { "c\($0)" }.joined(separator: ",")))]", "254"
    ),
  ]) func otherYAMLIsRefused(text: String, word: String) {
    expectRefusal(["a.yaml", word]) { folder in
      try Fixture.picture("\(folder)/images/a.png")
      try Fixture.write("", "\(folder)/labels/a.txt")
      try Fixture.write(text, "\(folder)/a.yaml")
    }
  }

  // MARK: Folders of masks

  @Test func masksAreReadWhenAskedFor() throws {
    try Fixture.withFolder { folder in
      var ids = [UInt8](repeating: 0, count: 1200)
      (ids[5], ids[6], ids[7]) = (7, 255, 2)
      try Fixture.picture("\(folder)/images/a.png")
      try Fixture.picture("\(folder)/images/b.png")
      try Fixture.picture("\(folder)/images/without.png")
      try Fixture.mask("\(folder)/masks/a.png", ids)
      ids[44] = 9
      try Fixture.mask("\(folder)/masks/b.png", ids)
      try Fixture.write("classes:\n  0: ground\n  2: sky\n  7: tree\n", "\(folder)/names.yaml")
      let data = try Dataset.open(folder)
      #expect(data.formats == [.masks])
      #expect(data.samples.map(\.name) == ["a", "b"])
      #expect(data.classNames == ["ground", "sky", "tree"])
      #expect(Array(try data.samples[0].readMask()!.ids[4..<9]) == [0, 2, 255, 1, 0])
      let error = #expect(throws: DatasetError.self) { try data.samples[1].readMask() }
      #expect(
        error?.description.contains("b.png: pixel (4, 1): found the value 9") == true, "\(String(describing: error))")
      let mapped = try data.mapped(by: ClassMapping(parsing: "thing = tree + shrub, void=sky"))
      #expect(Array(try mapped.samples[0].readMask()!.ids[4..<9]) == [0, 1, 255, 255, 0])
      // RGB is not a mask.
      try Fixture.picture("\(folder)/masks/a.png")
      #expect(throws: DatasetError.self) { try data.samples[0].readMask() }
    }
  }

  @Test func whatIsNoDataSet() {
    expectRefusal(["no data set", "nothing in it"]) { try Folder.make("\($0)/") }
    expectRefusal(["no data set", "notes.txt"]) { try Fixture.write("x", "\($0)/notes.txt") }
    expectRefusal(["classes.txt", "missing"]) { folder in
      try Fixture.picture("\(folder)/images/a.png")
      try Fixture.mask("\(folder)/masks/a.png", [UInt8](repeating: 0, count: 1200))
    }
    #expect(throws: DatasetError.self) { try Dataset.open("/nowhere/at/all") }
  }

  @Test func sizesAreThoseDisplayed() throws {
    for name in ["Samples/astronaut.png", "Samples/grace_hopper.jpg"] {
      let path = "\(TestData.packageRoot)/\(name)"
      let image = try ImageFile.read(path: path)
      #expect(try ImageFile.size(path: path) == (image.width, image.height))
    }
  }
}

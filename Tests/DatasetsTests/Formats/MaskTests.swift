import Datasets
import Files
import ImageCodecs
import ImageTypes
import Testing

/// Masks of two values, in colour, and named otherwise than their pictures.
@Suite struct MaskTests {
  /// A gray or coloured PNG whose left half has one colour and whose right half another.
  private static func halves(_ path: String, _ left: Int, _ right: Int) throws {
    var pixels: [UInt8] = []
    for _ in 0..<30 {
      for x in 0..<40 {
        let colour = x < 20 ? left : right
        pixels += [UInt8(colour >> 16), UInt8(colour >> 8 & 255), UInt8(colour & 255)]
      }
    }
    try Fixture.write(PNGEncoder.encode(Image(width: 40, height: 30, pixels: pixels)), path)
  }

  private static func values(_ path: String, _ left: UInt8, _ right: UInt8) throws {
    try Fixture.mask(path, (0..<1200).map { $0 % 40 < 20 ? left : right })
  }

  private func opened(_ names: String?, _ fill: (String) throws -> Void) throws -> (Dataset, [[UInt8: Int]]) {
    try Fixture.withFolder { folder in
      for name in ["a", "b"] { try Fixture.picture("\(folder)/images/\(name).png") }
      if let names { try Fixture.write(names, "\(folder)/classes.txt") }
      try fill(folder)
      let data = try Dataset.open(folder)
      return (
        data,
        try data.samples.map { try $0.readMask()!.pixelCounts().reduce(into: [:]) { $0[UInt8($1.key)] = $1.value } }
      )
    }
  }

  @Test(
    arguments: [
      ("background\nball\n", UInt8(255), "ball"), ("background\nball\n", UInt8(128), "ball"),
      ("ball\n", UInt8(255), "ball"),
      (nil, UInt8(255), "foreground"),
    ] as [(String?, UInt8, String)]) func theSecondOfTwoValuesIsTheClass(names: String?, value: UInt8, name: String)
    throws
  {
    for isRGB in [false, true] {
      let (data, counts) = try opened(names) { folder in
        for one in ["a", "b"] {
          let path = "\(folder)/masks/\(one).png"
          if isRGB { try Self.halves(path, 0, Int(value) * 0x10101) } else { try Self.values(path, 0, value) }
        }
      }
      #expect(counts == [[0: 600, 1: 600], [0: 600, 1: 600]])
      #expect(
        data.classNames == ["background", name]
          && data.notes.map(\.kind) == [.twoValues(value: Int(value), className: name)])
    }
  }

  @Test func theIgnoreIndexStays() throws {
    let (data, counts) = try opened("background\nball\n") { folder in
      try Self.values("\(folder)/masks/a.png", 0, 255)
      try Self.values("\(folder)/masks/b.png", 1, 255)
    }
    #expect(counts == [[0: 600, 255: 600], [1: 600, 255: 600]] && data.notes.isEmpty)
    let (several, other) = try opened("background\nball\ncat\n") { folder in
      for one in ["a", "b"] { try Self.values("\(folder)/masks/\(one).png", 0, 255) }
    }
    #expect(other == [[0: 600, 255: 600], [0: 600, 255: 600]] && several.notes.map(\.kind) == [.voidOnly])
  }

  @Test(arguments: [
    ("class_dict.csv", "name,r,g,b\nbackground,0,0,0\nbig ball,200,10,30\nvoid,9,9,9\n"),
    ("label_colors.txt", "0 0 0\tbackground\n200 10 30\tbig ball\n9 9 9\tVoid\n"),
    ("classes.csv", "r,g,b,class\n200,10,30,big ball\n0,0,0,background\n9,9,9,void\n"),
    ("labelmap.txt", "# label:color_rgb:parts:actions\nbackground:0,0,0::\nbig ball:200,10,30::\nvoid:9,9,9::\n"),
    ("label_colors.txt", "0 0 0 background\r\n200 10 30 big ball\r\n9 9 9 void\r\n"),
  ]) func tablesOfColours(name: String, text: String) throws {
    let (data, counts) = try opened(nil) { folder in
      try Fixture.write(text, "\(folder)/\(name)")
      try Self.halves("\(folder)/masks/a.png", 0, 0xC80A1E)
      try Self.halves("\(folder)/masks/b.png", 0xC80A1E, 0x090909)
    }
    #expect(data.classNames == ["background", "big ball"])
    #expect(counts == [[0: 600, 1: 600], [1: 600, 255: 600]])
    #expect(data.notes.first?.description.contains(name) == true)
    let error = #expect(throws: DatasetError.self) {
      try opened(nil) { folder in
        try Fixture.write(text, "\(folder)/\(name)")
        try Self.halves("\(folder)/masks/a.png", 0, 0x010203)
      }
    }
    #expect(error?.description.contains("1,2,3") == true && error?.description.contains(name) == true)
  }

  @Test func coloursWithoutATableAreListed() throws {
    for names in ["background\nball\n", nil] {
      let error = #expect(throws: DatasetError.self) {
        try opened(names) { try Self.halves("\($0)/masks/a.png", 0, 0xC80A1E) }
      }
      let text = error?.description ?? ""
      #expect(
        text.contains("0,0,0 | 200,10,30") && text.contains("class_dict.csv") && text.contains("a.png"), "\(text)")
    }
    // Pascal VOC's own colours need no table.
    let (data, counts) = try opened("background\nball\n") { try Self.halves("\($0)/masks/a.png", 0x800000, 0xE0E0C0) }
    #expect(counts == [[1: 600, 255: 600]])
    #expect(data.notes.map(\.count) == [1, 1] && data.notes.contains { $0.description.contains("Pascal VOC") })
  }

  /// Files of pictures and of their masks.
  private static let named: [(picture: String, mask: String, table: String)] = [
    ("images/a.png", "masks/a_mask.png", "classes.txt"),
    ("images/train/a.jpg", "masks/train/a-label.png", "classes.txt"),
    ("train/a_jpg.rf.0f.jpg", "train/a_jpg.rf.0f_mask.png", "train/_classes.csv"),
    ("train/a.png", "train_labels/a_L.png", "classes.txt"), ("train/images/a.png", "train/masks/a.png", "classes.txt"),
    ("img_dir/val/a.jpg", "ann_dir/val/a.png", "classes.txt"), ("a_sat.jpg", "a_mask.png", "classes.txt"),
    ("images/a.jpg", "labels/a.png", "classes.txt"),
  ]

  @Test(arguments: named.indices) func masksNamedOtherwise(index: Int) throws {
    let (picture, mask, table) = Self.named[index]
    try Fixture.withFolder { folder in
      try Fixture.picture("\(folder)/\(picture)")
      try Self.values("\(folder)/\(mask)", 0, 1)
      let text = table.hasSuffix("csv") ? "Pixel Value, Class\n0, background\n1, ball\n" : "background\nball\n"
      try Fixture.write(text, "\(folder)/\(table)")
      let data = try Dataset.open(folder)
      #expect(data.formats == [.masks] && data.classNames == ["background", "ball"] && data.samples.count == 1)
      #expect(data.samples.first?.path.hasSuffix(picture) == true)
      #expect(try data.samples.first?.readMask()?.pixelCounts() == [0: 600, 1: 600])
    }
  }

  @Test func jpegIsRefusedForItsReason() throws {
    let jpeg = try ImageFile.encode(Image(width: 40, height: 30, red: 1), as: .jpeg())
    for place in ["masks/a.jpg", "masks/a_mask.jpeg", "SegmentationClass/a.JPG"] {
      let error = #expect(throws: DatasetError.self) {
        try opened("background\nball\n") { try Fixture.write(jpeg, "\($0)/\(place)") }
      }
      #expect(
        error?.description.contains("lossy") == true && error?.description.contains(place) == true,
        "\(String(describing: error))")
    }
    let (data, _) = try opened("background\nball\n") { folder in
      try Self.values("\(folder)/masks/a.png", 0, 1)
      try Fixture.write(jpeg, "\(folder)/masks/b.jpg")
    }
    #expect(data.samples.map(\.name) == ["a"] && data.skipped.count == 1)
  }

  // MARK: Lists of samples

  @Test(arguments: [
    "b 1 (2)", "b 1 (2).png", "images/b 1 (2).png", "./images/b 1 (2).png", "/content/x/images/b 1 (2)",
    "C:\\x\\b 1 (2).PNG",
    "b 1 (2) 1", "images/b 1 (2).png  -1",
  ]) func linesOfLists(line: String) throws {
    try Fixture.withFolder { folder in
      for name in ["a", "b 1 (2)", "c"] {
        try Fixture.picture("\(folder)/images/\(name).png")
        try Fixture.write("", "\(folder)/labels/\(name).txt")
      }
      try Fixture.write("names: [cat]\n", "\(folder)/data.yaml")
      try Fixture.write("\u{feff}\(line)\r\n\r\n", "\(folder)/val.txt")
      let rule = try Split(parsing: "\(folder)/val.txt")
      #expect(try Dataset.open(folder).split(by: rule).validation.samples.map(\.name) == ["b 1 (2)"])
    }
  }

  @Test func listsTellFoldersApart() throws {
    try Fixture.withFolder { folder in
      for part in ["train", "val"] {
        try Fixture.picture("\(folder)/images/\(part)/a.png")
        try Fixture.write("", "\(folder)/labels/\(part)/a.txt")
      }
      try Fixture.write("names: [cat]\n", "\(folder)/data.yaml")
      let data = try Dataset.open(folder)
      for (line, names) in [("./images/val/a.png", ["val/a"]), ("train/a", ["train/a"]), ("a", nil), ("q.png", nil)] {
        try Fixture.write(line, "\(folder)/list.txt")
        let found = try? data.split(by: .list(path: "\(folder)/list.txt")).validation.samples.map(\.name)
        #expect(found == names)
      }
    }
  }
}

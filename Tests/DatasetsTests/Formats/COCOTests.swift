import Datasets
import ImageTypes
import TestSupport
import Testing

@Suite struct COCOTests {
  private struct Truth: Decodable {
    struct Mask: Decodable {
      let pixels: Int
      let crc: String
    }
    let truth: [Mask]
  }

  /// The same outlines filled by pycocotools, pixel by pixel.
  @Test func outlinesAreThoseOfPycocotools() throws {
    let golden: Truth = try Golden.load("coco_outlines.json")
    let text = String(decoding: try Golden.bytes("coco_outlines.json"), as: UTF8.self)
    // The value of the last key is the file itself.
    let start = try #require(text.firstRange(of: "\"file\":"))
    try Fixture.withFolder { folder in
      let json = String(text[start.upperBound...].trimmingEnd().dropLast())
      try Fixture.write(json, "\(folder)/annotations/instances.json")
      for line in json.split(separator: "{").filter({ $0.contains("file_name") }) {
        func number(_ key: String) -> Int {
          Int(line.split(separator: "\"\(key)\":")[1].prefix { $0.isNumber })!
        }
        let name = line.split(separator: "\"file_name\":\"")[1].prefix { $0 != "\"" }
        try Fixture.picture("\(folder)/images/\(name)", width: number("width"), height: number("height"))
      }
      let data = try Dataset.open(folder)
      #expect(data.formats == [.coco])
      #expect(data.skipped.isEmpty)
      #expect(data.classes.map(\.id) == [0, 5, 90])
      #expect(data.classNames == ["background", "cat", "kite"])
      #expect(data.samples.count == golden.truth.count)
      for (sample, truth) in zip(data.samples, golden.truth) {
        #expect(sample.readableSize)
        let mask = try #require(try sample.readMask())
        let wanted = UInt8(sample.boxes[0].classIndex)
        #expect(mask.ids.count { $0 == wanted } == truth.pixels, "\(sample.name)")
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for id in mask.ids { hash = (hash ^ (id == wanted ? 1 : 0)) &* 0x100_0000_01B3 }
        let digits = String(hash, radix: 16)
        #expect(String(repeating: "0", count: 16 - digits.count) + digits == truth.crc, "\(sample.name)")
      }
    }
  }

  private static let picture = #"{"id": 7, "width": 40, "height": 30, "file_name": "a.png"}"#
  private static func file(
    images: String = picture, _ annotations: String, categories: String = #"{"id": 3, "name": "cat"}"#
  ) -> String {
    "{\"info\": {\"x\": [1, null, true]}, \"annotations\": [\(annotations)], \"images\": [\(images)], "
      + "\"categories\": [\(categories)]}"
  }

  private func open(_ json: String, strict: Bool = false) throws -> Dataset {
    try Fixture.withFolder { folder in
      try Fixture.picture("\(folder)/val/a.png")
      try Fixture.write(json, "\(folder)/annotations/instances_val.json")
      var options = Dataset.Options()
      options.isStrict = strict
      return try Dataset.open(folder, options)
    }
  }

  @Test func boxesAreaAndCrowd() throws {
    let data = try open(
      Self.file(
        #"{"id": 1, "image_id": 7, "category_id": 3, "iscrowd": 0, "area": 12.5, "bbox": [38.25, 1e0, 5, 2.5]}, "#
          + #"{"id": 2, "image_id": 7, "category_id": 3, "iscrowd": 1, "bbox": [0, 0, 4, 4]}"#))
    let sample = try #require(data.samples.first)
    #expect(sample.name == "a")
    #expect(sample.id == 7)
    #expect(sample.mask == nil)
    #expect(
      sample.boxes == [
        TruthBox(box: Box(x1: 38.25, y1: 1, x2: 40, y2: 3.5), classIndex: 1, area: 12.5),
        TruthBox(box: Box(x1: 0, y1: 0, x2: 4, y2: 4), classIndex: 1, crowd: true, area: 16),
      ])
  }

  @Test func smallThingsLieOnTopAndCrowdsAreVoid() throws {
    func square(_ id: Int, _ from: Int, _ to: Int, crowd: Int = 0) -> String {
      let side = to - from
      return #"{"id": \#(id), "image_id": 7, "category_id": \#(id == 2 ? 4 : 3), "iscrowd": \#(crowd), "#
        + #""area": \#(side * side), "bbox": [\#(from), \#(from), \#(side), \#(side)], "segmentation": "#
        + #"[[\#(from), \#(from), \#(to), \#(from), \#(to), \#(to), \#(from), \#(to)]]}"#
    }
    let json = Self.file(
      [square(2, 4, 8), square(1, 2, 12), square(3, 0, 20, crowd: 1)].joined(separator: ", "),
      categories: #"{"id": 3, "name": "cat"}, {"id": 4, "name": "dog"}"#)
    try Fixture.withFolder { folder in
      try Fixture.picture("\(folder)/images/a.png")
      try Fixture.write(json, "\(folder)/all.json")
      let mask = try #require(try Dataset.open("\(folder)/all.json").samples.first?.readMask())
      func id(_ x: Int, _ y: Int) -> UInt8 { mask.ids[y * 40 + x] }
      #expect([id(5, 5), id(3, 3), id(11, 11), id(1, 1), id(19, 19), id(20, 20)] == [2, 1, 1, 255, 255, 0])
    }
  }

  static let box = #""image_id": 7, "category_id": 3, "bbox": [1, 1, 5, 5]"#

  /// Invalid files, and a word of the message.
  @Test(arguments: [
    (file("{\(box)}").replacing("]}", with: "]"), "comma"),
    (file("{\(box), \"segmentation\": [[1, 2, 3, 4, 5]]}"), "5 numbers"),
    (file("{\(box), \"segmentation\": [[1, 2, 3, 4, 5, 1e9]]}"), "million"),
    (file("{\(box), \"segmentation\": {\"size\": [30, 40], \"counts\": [1200, 1]}}"), "runs"),
    (file("{\(box), \"segmentation\": {\"size\": [30, 40], \"counts\": [1199]}}"), "1199"),
    (file("{\(box), \"segmentation\": {\"size\": [30, 40], \"counts\": [-1, 1201]}}"), "runs"),
    (file("{\(box), \"segmentation\": {\"size\": [30, 40], \"counts\": \"a\u{7f}\"}}"), "counts"),
    (file("{\(box), \"segmentation\": {\"size\": [3000000, 4000000], \"counts\": [12000000000000]}}"), "Limits.side"),
    (file(#"{"image_id": 7, "category_id": 3, "bbox": [1, 1, NaN, 5]}"#), "value"),
    (file(#"{"image_id": 7, "category_id": 3, "bbox": [1, 1, 1e999, 5]}"#), "finite"),
    (file(#"{"image_id": 7, "category_id": 3, "bbox": [1, 1, 1e9, 5]}"#), "million"),
    (file(#"{"image_id": 7, "category_id": 3, "bbox": [1, 1, 5]}"#), "bbox"),
    (file(#"{"image_id": 7.5, "category_id": 3, "bbox": [1, 1, 5, 5]}"#), "whole number"),
    (file("{\(box)}", categories: #"{"id": 3, "name": "cat"}, {"id": 3, "name": "dog"}"#), "category"),
    (file("{\(box)}", categories: ""), "category"),
    (file(images: picture + "," + picture, "{\(box)}"), "again"),
    (file(images: picture.replacing("40", with: "4000000000"), "{\(box)}"), "pixels along a side"),
    (file(images: picture.replacing("40", with: "65500").replacing("30", with: "65500"), "{\(box)}"), "Limits.pixels"),
    (file("{\(box), \"x\": \(String(repeating: "[", count: 100))}"), "inside each other"),
    ("[]", "object"), ("{}", "images"), ("", "object"), (file("{\(box)}") + "x", "end of the file"),
    (file("{\(box), \"x\": 01}"), "0 before"), (file("{\(box), \"x\": \"\\ud800\"}"), "surrogate"),
    (file("{\(box), \"x\": tru}"), "true"), (file("{\(box), \"x\": \"a\nb\"}"), "end of a string"),
  ]) func brokenFilesAreRefused(json: String, word: String) throws {
    let error = #expect(throws: DatasetError.self) { try open(json, strict: true) }
    let text = error?.description ?? ""
    #expect(text.contains(word), "\(text)")
    #expect(text.contains("instances_val.json"), "\(text)")
  }

  /// A bad box costs that box, not its image.
  @Test(arguments: [
    (#"{"image_id": 7, "category_id": 3, "bbox": [41, 1, 5, 5]}"#, "inside 40x30"),
    (#"{"image_id": 7, "category_id": 3, "bbox": [1, 1, 0, 5]}"#, "inside 40x30"),
    (#"{"image_id": 7, "category_id": 9, "bbox": [1, 1, 5, 5]}"#, "category_id 9"),
    (#"{"image_id": 70, "category_id": 3, "bbox": [1, 1, 5, 5]}"#, "image_id 70"),
  ]) func brokenBoxesAreLeftOut(annotation: String, word: String) throws {
    let second = #", {"id": 8, "width": 40, "height": 30, "file_name": "b.png"}"#
    try Fixture.withFolder { folder in
      try Fixture.picture("\(folder)/a.png")
      try Fixture.picture("\(folder)/b.png")
      try Fixture.write(Self.file(images: Self.picture + second, annotation), "\(folder)/all.json")
      let data = try Dataset.open(folder)
      #expect(data.samples.map(\.name) == ["a", "b"])
      let told = data.skipped + data.dropped
      #expect(told.count == 1)
      #expect(told.first?.description.contains(word) == true, "\(told)")
      var options = Dataset.Options()
      options.isStrict = true
      #expect(throws: DatasetError.self) { try Dataset.open(folder, options) }
    }
  }

  @Test func missingPicturesAndPathsThatLeaveTheFolder() throws {
    for (name, word) in [("gone.png", "is missing"), ("../a.png", "inside the folder"), ("/etc/a.png", "inside")] {
      let image = Self.picture.replacing("a.png", with: name)
      let error = #expect(throws: DatasetError.self) { try open(Self.file(images: image, "")) }
      #expect(error?.description.contains(word) == true, "\(String(describing: error))")
    }
  }
}

extension Sample {
  /// Whether the image can be read and has the stated size.
  fileprivate var readableSize: Bool { (try? readImage()) != nil }
}

extension StringProtocol {
  fileprivate func trimmingEnd() -> String {
    var text = String(self)
    while text.last?.isWhitespace == true { text.removeLast() }
    return text
  }
}

import ImageCodecs
import ImageTypes
import TestSupport
import Testing

/// The five formats of `detect`, read by other parsers, and the meaning of the boxes.
@Suite struct DetectTests {
  let work: Workplace

  init() throws { work = try Workplace() }

  /// A detection, as in every format.
  struct Found: Equatable {
    var image: String
    var label: String
    var id: Int
    var score: Float
    var box: [Float]
  }

  private func detect(_ images: [String], _ options: String...) throws -> Ending {
    try work.run(.detect, images + ["--model", "tiny-detector", "--score", "0.4", "--top-k", "7"] + options)
  }

  private func found(_ picture: JSONValue) throws -> [Found] {
    try #require(picture["detections"]).elements.map { one in
      #expect(one.keys == ["box", "id", "label", "score"])
      return Found(
        image: try #require(picture["image"]?.text), label: try #require(one["label"]?.text),
        id: Int(try #require(one["id"]?.double)), score: Float(try #require(one["score"]?.double)),
        box: try #require(one["box"]).elements.map { Float(try #require($0.double)) })
    }
  }

  @Test("JSON has the documented form, and boxes are inside the picture, the best first")
  func json() throws {
    let sizes = ["a.png": (96, 64), "b.png": (61, 90), "c.png": (33, 33)]
    let names = sizes.keys.sorted()
    let ending = try detect(names, "--format", "json")
    #expect(ending.status == 0 && ending.errors == "detect: 3 done, 0 failed\n")
    let pictures = try JSONValue(ending.output).elements
    #expect(pictures.map { $0["image"]?.text } == names)
    // The members are in the documented order.
    #expect(ending.output.hasPrefix(#"[\#n  {"image": "a.png", "width": 96, "height": 64, "model": "tiny-detector", "#))
    for (name, picture) in zip(names, pictures) {
      let (width, height) = sizes[name]!
      #expect(picture.keys == ["detections", "height", "image", "model", "width"])
      #expect(picture["width"] == .number(Double(width)) && picture["height"] == .number(Double(height)))
      let all = try found(picture)
      #expect(all.count == 7)
      #expect(all.map(\.score) == all.map(\.score).sorted(by: >))
      for one in all {
        #expect((0.4...1).contains(one.score) && [7, 17, 27].contains(one.id) && one.box.count == 4)
        #expect(0 <= one.box[0] && one.box[0] < one.box[2] && one.box[2] <= Float(width), "\(one)")
        #expect(0 <= one.box[1] && one.box[1] < one.box[3] && one.box[3] <= Float(height), "\(one)")
      }
    }
  }

  @Test("the views are those of the options, and a wide picture has squares by default")
  func views() throws {
    try work.picture("wide.png", 200, 100)
    func found(_ name: String, _ options: String...) throws -> String {
      let ending = try work.run(
        .detect, [name, "--model", "tiny-detector", "--score", "0.4", "--format", "csv"] + options)
      #expect(ending.status == 0, "\(ending.errors)")
      return ending.output
    }
    let usual = try found("wide.png")
    #expect(try usual == found("wide.png", "--views", "auto") && usual == found("wide.png", "--views", "squares"))
    #expect(try usual != found("wide.png", "--views", "whole"))
    #expect(try usual == found("wide.png", "--slice", "100", "--overlap", "0.4"))
    #expect(try found("wide.png", "--views", "grid") == found("wide.png", "--views", "whole"), "smaller than a window")
    // b.png is 61x90, c.png is a square.
    #expect(try found("c.png") == found("c.png", "--views", "whole"))
    try work.picture("d.png", 120, 90)
    #expect(try found("d.png") == found("d.png", "--views", "whole"))
    #expect(try found("d.png") != found("d.png", "--views", "squares"))
  }

  @Test("all formats have the same detections")
  func formats() throws {
    let names = ["a.png", "b.png", "c.png"]
    let json = try JSONValue(try detect(names, "--format", "json").output).elements
    let expected = try json.flatMap(found)
    #expect(expected.count == 21)

    let lines = try detect(names, "--format", "ndjson").output.split(separator: "\n").map { try JSONValue($0) }
    #expect(lines == json)

    let csv = try detect(names, "--format", "csv").output
    var records = CSV.records(csv)
    #expect(records.removeFirst() == ["image", "label", "id", "score", "x1", "y1", "x2", "y2"])
    let rows = try records.map { fields in
      try #require(fields.count == 8)
      return Found(
        image: fields[0], label: fields[1], id: try #require(Int(fields[2])), score: try #require(Float(fields[3])),
        box: try fields[4...].map { try #require(Float($0)) })
    }
    #expect(rows == expected)
    #expect(rows.contains { $0.label == "a \"quoted\", name" })

    let coco = try JSONValue(try detect(names, "--format", "coco").output).elements
    #expect(coco.count == expected.count)
    for (one, other) in zip(coco, expected) {
      #expect(one.keys == ["bbox", "category_id", "image_id", "score"])
      #expect(one["image_id"] == .string(String(other.image.dropLast(4))))
      #expect(one["category_id"] == .number(Double(other.id)))
      #expect(Float(one["score"]?.double ?? -1) == other.score)
      let box = try #require(one["bbox"]).elements.map { Float($0.double ?? .nan) }
      #expect(box == [other.box[0], other.box[1], other.box[2] - other.box[0], other.box[3] - other.box[1]])
    }

    let text = try detect(names).output.split(separator: "\n", omittingEmptySubsequences: false)
    let table = text.filter { $0.contains("0.") && !$0.contains("found") }
    #expect(table.count == expected.count)
    for (line, one) in zip(table, expected) {
      let fields = line.split(separator: " ")
      let numbers = try fields.suffix(5).map { try #require(Float($0)) }
      #expect(fields.dropFirst().dropLast(5).joined(separator: " ") == one.label)
      #expect(abs(numbers[0] - one.score) <= 0.0005001)
      for (a, b) in zip(numbers.dropFirst(), one.box) { #expect(abs(a - b) <= 0.05001) }
    }
    #expect(text.first == "a.png  96x64  tiny-detector  7 found")
  }

  @Test("a failed picture is in ndjson, and left out of the other formats")
  func failedPicture() throws {
    try work.write([], to: "e.png")
    let names = ["e.png", "a.png"]
    let lines = try detect(names, "--format", "ndjson").output.split(separator: "\n").map { try JSONValue($0) }
    #expect(lines.count == 2 && lines[0].keys == ["error", "image"] && lines[0]["image"] == .string("e.png"))
    #expect(lines[0]["error"]?.text?.hasPrefix("e.png: is empty") == true)
    #expect(try JSONValue(try detect(names, "--format", "json").output).elements.count == 1)
    #expect(try JSONValue(try detect(["e.png"], "--format", "json").output) == .array([]))
    #expect(try JSONValue(try detect(["e.png"], "--format", "coco").output) == .array([]))
    #expect(CSV.records(try detect(["e.png"], "--format", "csv").output).count == 1)
  }

  @Test("COCO's image_id is a number if the name is one")
  func cocoNumbers() throws {
    try work.picture("000000012345.png", 50, 40)
    let all = try JSONValue(try detect(["000000012345.png"], "--format", "coco").output).elements
    #expect(all.count == 7 && all.allSatisfy { $0["image_id"] == .number(12345) })
  }

  @Test("the options have effect: score, top-k, nms, iou, threads")
  func options() throws {
    func count(_ options: String...) throws -> (Int, String) {
      let ending = try work.run(
        .detect, ["a.png", "--model", "tiny-detector", "--format", "ndjson", "--top-k", "1000"] + options)
      return (try found(try JSONValue(ending.output)).count, ending.output)
    }
    let (all, output) = try count("--score", "0")
    #expect(all > 20)
    #expect(try work.run(.detect, "a.png", "--model", "tiny-detector", "--top-k", "3").output.contains("  3 found\n"))
    #expect(try count("--score", "0", "--nms", "agnostic").0 < all)
    #expect(try count("--score", "0", "--iou", "0.1").0 < all)
    #expect(try count("--score", "1").0 == 0)
    #expect(try count().0 < all)
    for threads in ["1", "2", "5"] { #expect(try count("--score", "0", "--threads", threads).1 == output) }
    #expect(
      try work.run(.detect, "a.png", "--model", "tiny-detector", "--score", "1").output.contains("nothing with a"))
  }

  @Test("a rotated JPEG has its boxes in displayed orientation", arguments: [(3, 2), (6, 1), (8, 3)])
  func orientation(exif: UInt8, quarters: Int) throws {
    let jpeg = try work.bytes(TestData.sample("grace_hopper.jpg"))
    let tag: [UInt8] = [0x12, 0x01, 3, 0, 1, 0, 0, 0, exif, 0, 0, 0]
    let body = Array("Exif\0\0II*\0".utf8) + [8, 0, 0, 0, 1, 0] + tag + [0, 0, 0, 0]
    try work.write(jpeg[..<2] + [0xFF, 0xE1, 0, UInt8(body.count + 2)] + body + jpeg[2...], to: "turned.jpg")
    var image = try ImageFile.decode(bytes: jpeg)
    for _ in 0..<quarters { image = turnedRight(image) }
    try work.write(try PNGEncoder.encode(image), to: "turned.png")
    let ending = try detect(["turned.jpg", "turned.png"], "--format", "json", "--out", "out/{name}.png")
    #expect(ending.status == 0, "\(ending.errors)")
    let pictures = try JSONValue(ending.output).elements
    #expect(pictures[0]["width"] == .number(Double(image.width)) && pictures[0]["height"] == pictures[1]["height"])
    #expect(pictures[0]["detections"] == pictures[1]["detections"])
    #expect(try work.read("out/turned.png.png") == (try work.read("out/turned.jpg.png")))
  }

  private func turnedRight(_ image: Image) -> Image {
    var turned = Image(width: image.height, height: image.width)
    for y in 0..<turned.height {
      for x in 0..<turned.width {
        let source = ((image.height - 1 - x) * image.width + y) * 3
        for channel in 0..<3 { turned.pixels[(y * turned.width + x) * 3 + channel] = image.pixels[source + channel] }
      }
    }
    return turned
  }

  @Test("an overlay is the picture with something drawn on it")
  func overlay() throws {
    let ending = try detect(["a.png"], "--out", "o.png")
    #expect(ending.status == 0 && ending.output.hasSuffix("  overlay: o.png\n"))
    let (before, after) = (try work.read("a.png"), try work.read("o.png"))
    #expect(before.width == after.width && before.height == after.height && before != after)
    // Without detections nothing is drawn; --quiet writes nothing.
    let quiet = try work.run(
      .detect, "a.png", "--model", "tiny-detector", "--score", "1", "--out", "o.png", "--quiet")
    #expect(quiet.status == 0 && quiet.bytes.isEmpty && quiet.errors.isEmpty)
    #expect(try work.read("o.png") == before)
    // The picture itself may be written to standard output.
    let piped = try work.run(
      .detect, "a.png", "--model", "tiny-detector", "--score", "1", "--out", "/dev/stdout", "--quiet")
    #expect(piped.bytes == (try work.bytes("o.png")))
  }

  @Test("pictures from a pipe, of the smallest sizes")
  func oddPictures() throws {
    try work.picture("one.png", 1, 1)
    try work.picture("row.png", 300, 1)
    try work.picture("column.png", 1, 300)
    let ending = try detect(["one.png", "row.png", "column.png"], "--format", "json", "--out", "out/")
    #expect(ending.status == 0, "\(ending.errors)")
    for picture in try JSONValue(ending.output).elements {
      let width = Float(try #require(picture["width"]?.double)), height = Float(try #require(picture["height"]?.double))
      for one in try found(picture) {
        #expect(0 <= one.box[0] && one.box[0] < one.box[2] && one.box[2] <= width)
        #expect(0 <= one.box[1] && one.box[1] < one.box[3] && one.box[3] <= height)
      }
    }
    #expect(try work.read("out/row.png").width == 300)
  }

  @Test(
    "the person model detects the person of a sample",
    .enabled(
      if: TestData.model("person-ssdlite") != nil, Comment(rawValue: TestData.absence(ofModel: "person-ssdlite"))))
  func person() throws {
    let environment = ["BACKBONE_MODELS": TestData.modelsFolder]
    let picture = TestData.sample("grace_hopper.jpg")
    let ending = try work.run(
      .detect, picture, "--model", "person-ssdlite", "--format", "json", "--out", "o.png", environment: environment)
    #expect(ending.status == 0 && ending.errors.isEmpty, "\(ending.errors)")
    let all = try found(try #require(try JSONValue(ending.output).elements.first))
    #expect(all.count == 1 && all[0].label == "person" && all[0].id == 1 && all[0].score > 0.99)
    let cat = try work.run(
      .detect, TestData.sample("chelsea.png"), "--model", "person-ssdlite", "--format", "csv", environment: environment)
    #expect(CSV.records(cat.output).count == 1)
  }
}

/// A parser of comma-separated values by RFC 4180.
enum CSV {
  static func records(_ text: String) -> [[String]] {
    var records: [[String]] = []
    var fields: [String] = []
    var field = ""
    var quoted = false
    var scalars = Array(text.unicodeScalars)[...]
    while let scalar = scalars.popFirst() {
      switch scalar {
      case "\"" where quoted && scalars.first == "\"": field.unicodeScalars.append(scalars.removeFirst())
      case "\"": quoted.toggle()
      case "," where !quoted:
        fields.append(field)
        field = ""
      case "\n" where !quoted:
        records.append(fields + [field])
        (fields, field) = ([], "")
      default: field.unicodeScalars.append(scalar)
      }
    }
    return records
  }
}

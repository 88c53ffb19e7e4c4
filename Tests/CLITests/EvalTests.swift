import ImageCodecs
import ImageTypes
import TestSupport
import Testing

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// `backbone eval`: figures of models and of predictions in files, in three formats, and the drawn pictures.
@Suite struct EvalTests {
  let work: Workplace

  init() throws { work = try Workplace() }

  private func write(_ text: String, to name: String) throws {
    let folder = name.split(separator: "/").dropLast().joined(separator: "/")
    try FileManager.default.createDirectory(atPath: "\(work.here)/\(folder)", withIntermediateDirectories: true)
    try work.write(Array(text.utf8), to: name)
  }

  /// Boxes of the small detector's classes, and of a class that it does not have.
  private func boxes() throws {
    try write("cat\ndog\nhorse\n", to: "boxes/classes.txt")
    try write("0 0.5 0.5 0.4 0.4\n2 0.2 0.2 0.2 0.2\n", to: "boxes/labels/a.txt")
    try write("1 0.4 0.4 0.6 0.6\n", to: "boxes/labels/b.txt")
    try write("", to: "boxes/labels/c.txt")
    try write("", to: "boxes/images/readme")
    for name in ["a", "b", "c"] { try work.write(try work.bytes("\(name).png"), to: "boxes/images/\(name).png") }
  }

  /// Masks of the small segmenter's classes, and of a class that it does not have.
  private func masks() throws {
    try write("background\nclass-1\nclass-2\nwood\n", to: "masks/classes.txt")
    for (name, width, height) in [("a", 96, 64), ("b", 61, 90)] {
      try write("", to: "masks/masks/readme")
      try write("", to: "masks/images/readme")
      try work.write(try work.bytes("\(name).png"), to: "masks/images/\(name).png")
      let ids = (0..<width * height).map { UInt8([0, 1, 2, 3, 255][$0 / 700 % 5]) }
      try mask(ids, width, height, to: "masks/masks/\(name).png")
    }
  }

  private func mask(_ ids: [UInt8], _ width: Int, _ height: Int, to name: String) throws {
    let palette = (0..<256).map { Colour(red: UInt8($0), green: 0, blue: 0) }
    try work.write(
      try PNGEncoder.encodeIndexed(width: width, height: height, indices: ids, palette: palette), to: name)
  }

  private func eval(_ line: String) throws -> Ending {
    try work.run(.backbone, ["eval"] + line.split(separator: " ").map(String.init))
  }

  /// The figures of a report in JSON; those of classes have the class and a slash as prefix.
  private func figures(_ ending: Ending) throws -> [String: Double] {
    try JSONValue(ending.output).figures
  }

  private static let truth = """
    {"images": [{"id": 7, "width": 200, "height": 100, "file_name": "x.jpg"}, \
    {"id": 3, "width": 200, "height": 100, "file_name": "y.jpg"}], \
    "categories": [{"id": 18, "name": "dog"}, {"id": 1, "name": "person"}], "annotations": [\
    {"id": 1, "image_id": 7, "category_id": 18, "bbox": [0, 0, 100, 100], "area": 9000, "iscrowd": 0}, \
    {"id": 2, "image_id": 3, "category_id": 18, "bbox": [0, 0, 100, 100], "iscrowd": 0}, \
    {"id": 3, "image_id": 3, "category_id": 1, "bbox": [100, 0, 20.5, 20], "iscrowd": 1}]}
    """

  @Test("results in a file against a COCO file without pictures")
  func results() throws {
    try write(Self.truth, to: "truth.json")
    try write(
      """
      [{"image_id": 7, "category_id": 18, "bbox": [0, 0, 100, 100], "score": 0.9}, \
      {"image_id": 3, "category_id": 18, "bbox": [50, 0, 100, 100], "score": 0.95}, \
      {"image_id": 3, "category_id": 1, "bbox": [100, 0, 10, 10], "score": 0.9}, \
      {"image_id": 8, "category_id": 1, "bbox": [100, 0, 10, 10], "score": 0.9}, \
      {"image_id": 3, "category_id": 2, "bbox": [100, 0, 10, 10], "score": 0.9}]
      """, to: "results.json")
    let ending = try eval("detect --truth truth.json --predictions results.json --format json")
    #expect(ending.status == 0)
    #expect(
      ending.errorLines == [
        "backbone: results.json: 1 results are of pictures that are not measured",
        "backbone: results.json: 1 results are of classes that are not measured",
      ])
    let found = try figures(ending)
    // The dog of the lower score is a match, the other one has an IoU of 1/3: half the boxes at a precision of one
    // half.
    #expect(abs(try #require(found["AP"]) - 51 * 0.5 / 101) < 1e-12 && found["AR100"] == 0.5)
    #expect(found["AP small"] == nil && abs(found["AP medium"]! - 0.5) < 0.51 && found["dog/boxes"] == 2)
    #expect(abs(found["VOC 2010 mAP"]! - 0.25) < 1e-12 && abs(found["VOC 2007 mAP"]! - 3.0 / 11) < 1e-12)
    // With both kept, one of two is correct, the one of the lower score. The crowd is ignored.
    for (name, value) in ["best F1": 0.5, "F1": 0.5, "precision": 0.5, "recall": 0.5, "score threshold": 0.5] {
      #expect(found[name].map { abs($0 - value) < 1e-12 } == true && found["dog/" + name] == found[name], "\(name)")
    }
    #expect(found["person/best F1"] == nil && found["person/recall"] == nil)
    // A class with only a crowd has no figure.
    #expect(found["person/boxes"] == 0 && found["person/AP"] == nil)

    let records = CSV.records(
      try eval("detect --truth truth.json --predictions results.json --format csv").output)
    try #require(records.count > 20 && records[0] == ["class", "figure", "value"])
    #expect(records[1][...1] == ["", "AP"])
    #expect(Double(records[1][2]) == found["AP"])
    #expect(records.contains(["person", "AP", ""]) && records.contains(["dog", "boxes", "2"]))
    let text = try eval("detect --truth truth.json --predictions results.json").output
    #expect(text.contains("truth.json  results.json  2 pictures, 2 boxes\n"))
    #expect(text.contains("  AP            0.252  IoU 0.50 to 0.95\n") && text.contains("1 classes without a box\n"))
    #expect(text.contains("  threshold 0.5: best F1 0.500, precision 0.500, recall 0.500\n"))
    let persons = try figures(
      try eval("detect --truth truth.json --predictions results.json --format json --classes pet=dog --limit 1"))
    // In the order of ids the second picture is the first.
    #expect(persons["pet/boxes"] == 1 && persons["AP"] == 0)
  }

  @Test(
    "the sample results of COCO's tools",
    .enabled(if: TestData.has("coco-eval"), Comment(rawValue: TestData.absence(of: "coco-eval"))))
  func official() throws {
    struct Golden: Decodable {
      struct COCO: Decodable { let stats: [Double] }
      let val2014: COCO
    }
    let golden: Golden = try TestSupport.Golden.load("evaluation_boxes.json")
    let folder = try #require(TestData.path("coco-eval"))
    for results in ["cocoapi_results.json", "dets/sampled_bbox_results.json"] {
      let ending = try eval(
        "detect --truth \(folder)/gts/sampled_gts_bbox_area.json --predictions \(folder)/\(results) --format csv")
      let values = CSV.records(ending.output).dropFirst().prefix(12).compactMap { Double($0[2]) }
      try #require(ending.status == 0 && values.count == 12)
      let difference = zip(values, golden.val2014.stats).map { abs($0 - $1) }.max()!
      print("\(results): largest difference to pycocotools \(difference)")
      #expect(difference < 1e-12)
    }
  }

  @Test("a model's detections, saved and read again, have the same figures")
  func detections() throws {
    try boxes()
    let ending = try eval(
      "detect --data boxes --model tiny-detector --save-predictions found.json --pictures drawn --format json")
    #expect(ending.status == 0 && ending.errors.isEmpty, "\(ending.errors)")
    let report = try JSONValue(ending.output)
    #expect(report["predictions"]?.text == "tiny-detector" && report["pictures"] == .number(3))
    let remarks = report["remarks"]?.elements.compactMap(\.text) ?? []
    #expect(remarks.count == 2 && remarks[0].hasSuffix("model does not know them: horse"))
    #expect(remarks[1].contains("a \"quoted\", name"))
    let found = try figures(ending)
    #expect(found["cat/boxes"] == 1 && found["dog/boxes"] == 1 && found["horse/boxes"] == nil)
    let saved = try JSONValue(String(decoding: try work.bytes("found.json"), as: UTF8.self)).elements
    #expect(saved.count > 10 && Set(saved.compactMap { $0["category_id"]?.double }) == [0, 1])
    #expect(Set(saved.compactMap { $0["image_id"]?.text }) == ["a", "b", "c"])
    // All scores count without --score.
    #expect(try figures(try eval("detect --data boxes --model tiny-detector --score 0 --format json")) == found)
    let scores = saved.compactMap { $0["score"]?.double }.sorted()
    let some = try eval(
      "detect --data boxes --model tiny-detector --score \(scores[scores.count / 2]) --save-predictions some.json")
    #expect(some.status == 0, "\(some.errors)")
    let kept = try JSONValue(String(decoding: try work.bytes("some.json"), as: UTF8.self)).elements
    #expect(kept.compactMap { $0["score"]?.double }.sorted() == scores.filter { $0 > scores[scores.count / 2] })
    let again = try eval("detect --data boxes --predictions found.json --classes cat,dog --format json")
    #expect(again.status == 0 && again.errors.isEmpty, "\(again.errors)")
    #expect(try figures(again) == found)
    let drawn = try FileManager.default.contentsOfDirectory(atPath: "\(work.here)/drawn").sorted()
    #expect(drawn.prefix(2) == ["confusion.png", "precision-recall.png"] && drawn[2].hasPrefix("worst-01-"))
    for name in drawn { #expect(try work.read("drawn/\(name)").width > 90) }
  }

  @Test("a model's masks, saved and read again, have the same figures; the ground truth has perfect ones")
  func masksOfModel() throws {
    try masks()
    let ending = try eval(
      "segment --data masks --model tiny-segmenter --save-predictions found --pictures drawn --format json")
    #expect(ending.status == 0 && ending.errors.isEmpty, "\(ending.errors)")
    let found = try figures(ending)
    #expect(found["class-1/true pixels"]! > 1000 && found["wood/IoU"] == nil && found["pixel accuracy"]! < 1)
    let again = try eval("segment --data masks --predictions found --classes class-1,class-2 --format json")
    #expect(try again.status == 0 && figures(again) == found, "\(again.errors)")
    let drawn = try FileManager.default.contentsOfDirectory(atPath: "\(work.here)/drawn").sorted()
    #expect(drawn.first == "confusion.png" && drawn.count == 3)
    #expect(try work.read("drawn/\(drawn[1])").width > 3 * 61)

    let perfect = try eval("segment --data masks --predictions masks/masks --format csv")
    let records = CSV.records(perfect.output)
    #expect(records[1] == ["", "mean IoU", "1.0"] && records.contains(["wood", "IoU", "1.0"]))
    // Half of one class is predicted as another.
    let ids = (0..<61 * 90).map { UInt8([0, 1, 2, 3, 0][$0 / 700 % 5]) }
    try write("", to: "half/readme")
    try mask(ids.enumerated().map { $1 == 1 && $0 % 2 == 0 ? 2 : $1 }, 61, 90, to: "half/b.png")
    try work.write(try work.bytes("masks/masks/a.png"), to: "half/a.png")
    let half = try figures(try eval("segment --data masks --predictions half --format json"))
    let pixels = half["class-1/true pixels"]!, taken = half["class-2/predicted pixels"]! - half["class-2/true pixels"]!
    #expect(half["class-1/IoU"] == (pixels - taken) / pixels && taken == 700)
  }

  @Test("a damaged picture is reported and left out; with --strict it is a failure")
  func badPictures() throws {
    try boxes()
    var bytes = try work.bytes("b.png")
    // In the middle of the pixels, where only decoding detects it.
    bytes[bytes.count / 2] ^= 0x55
    try work.write(bytes, to: "boxes/images/b.png")
    try write("0 0.5 0.5\n", to: "boxes/labels/c.txt")
    let ending = try eval("detect --data boxes --model tiny-detector --format json")
    try #require(ending.status == 1 && ending.errorLines.count == 3, "\(ending.errors)")
    #expect(ending.errorLines[0].contains("left out: boxes/labels/c.txt: line 1"))
    #expect(ending.errorLines[1].contains("boxes/images/b.png: damaged PNG"))
    #expect(ending.errorLines[2] == "backbone: 1 done, 1 failed")
    let report = try JSONValue(ending.output)
    #expect(report["pictures"] == .number(1) && report["skipped"] == .number(2))
    try work.expect(
      FailureCase(.backbone, "eval detect --data boxes --strict --model tiny-detector", 1, "labels/c.txt: line 1"))
  }

  @Test("what a data set leaves out or decides is told; several files are refused with what to write")
  func toldDecisions() throws {
    try boxes()
    try write("1 0.4 0.4 0.6 0.6\n7 0.4 0.4 0.6 0.6\n", to: "boxes/labels/b.txt")
    try work.write(try work.bytes("a.png"), to: "boxes/images/d.png")
    let ending = try eval("detect --data boxes --model tiny-detector --format json")
    try #require(ending.status == 0 && ending.errorLines.count == 2, "\(ending.errors)")
    #expect(ending.errorLines[0].contains("box or outline left out: boxes/labels/b.txt: line 2"))
    #expect(ending.errorLines[1].contains("1 picture has no label file and is background (boxes/images/d.png)"))
    #expect(try JSONValue(ending.output)["pictures"] == .number(4))
    for name in ["one", "two"] { try write("names: [cat, dog, horse]\n", to: "boxes/\(name).yaml") }
    try work.expect(
      FailureCase(
        .backbone, "eval detect --data boxes --model tiny-detector", 1,
        "name the one that is meant, such as --data boxes/one"))
    try write("./images/b.png\n", to: "held.txt")
    let one = try eval("detect --data boxes/two.yaml --model tiny-detector --format json --hold-out held.txt")
    #expect(try JSONValue(one.output)["pictures"] == .number(1))
  }

  @Test("predictions that do not fit the data are refused")
  func refusals() throws {
    try boxes()
    try masks()
    try write(Self.truth, to: "truth.json")
    try write("[{\"image_id\": 9, \"category_id\": 1, \"bbox\": [1, 2, 3, 4], \"score\": 1}]", to: "other.json")
    try write("[{\"image_id\": 7, \"category_id\": 1, \"score\": 1}]", to: "boxless.json")
    try write("[", to: "cut.json")
    for (line, status, words) in [
      ("detect --truth truth.json --predictions other.json", 1, "none of its 1 results belongs to the data"),
      ("detect --truth truth.json --predictions boxless.json", 1, "boxless.json: byte 1: "),
      ("detect --truth truth.json --predictions cut.json", 1, "cut.json: byte 1: "),
      ("detect --truth missing.json --predictions cut.json", 1, "missing.json: cannot open"),
      ("detect --data boxes --model nobody", 3, "nobody: no model of this name"),
      ("detect --data boxes --model tiny-segmenter", 3, "the model's task is segment, expected detect"),
      ("detect --data boxes --model tiny-detector --classes horse", 1, "have no class in common: the data has horse"),
      ("detect --data boxes --classes cow", 1, "the data set's classes are cat, dog, horse, expected cow"),
      ("detect --data boxes --hold-out every:1", 2, "--hold-out: cannot split by \"every:1\""),
      ("detect --data boxes --save-predictions nowhere/found.json", 4, "nowhere/found.json: cannot write"),
      ("detect --data nowhere", 1, "nowhere"),
      ("segment --data masks --predictions nowhere", 1, "nowhere: is no folder"),
      ("segment --data masks --model tiny-segmenter --pictures masks/drawn", 2, "lies in the data that is read"),
      ("segment --data boxes --model tiny-segmenter", 1, "no picture with a mask is left"),
    ] { try work.expect(FailureCase(.backbone, "eval " + line, Int32(status), words)) }
    // A mask of another size, and one with a value that is not a class.
    try write("", to: "odd/readme")
    try mask([UInt8](repeating: 0, count: 60 * 90), 60, 90, to: "odd/b.png")
    try mask([UInt8](repeating: 77, count: 96 * 64), 96, 64, to: "odd/a.png")
    let odd = try eval("segment --data masks --predictions odd")
    #expect(odd.status == 1 && odd.output.isEmpty && odd.errorLines.count == 3)
    #expect(odd.errors.contains("odd/a.png: the value 77 is no class of the data set, expected 0, 1, 2, 3; "))
    #expect(odd.errors.contains("odd/b.png: is 60x90, expected 61x90 as its picture; "))
  }
}

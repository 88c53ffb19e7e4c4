import ModelFiles
import TestSupport
import Testing

/// The programs on a machine without installed models: their shipped models.
@Suite struct ShippedModelsTests {
  let work: Workplace

  init() throws {
    work = try Workplace()
    try work.makeFolder("empty")
  }

  private var bare: [String: String?] { ["BACKBONE_MODELS": work.here + "/empty"] }

  @Test(
    "detect finds the objects of the samples",
    arguments: [("chelsea.png", "cat"), ("astronaut.png", "person"), ("grace_hopper.jpg", "person")])
  func detect(sample: String, label: String) throws {
    let ending = try work.run(
      .detect, TestData.sample(sample), "--format", "csv", "--score", "0.5", environment: bare)
    #expect(ending.status == 0 && ending.errors.isEmpty, "\(ending.errors)")
    let records = CSV.records(ending.output)
    let column = try #require(records.first?.firstIndex(of: "label"))
    #expect(records.dropFirst().map { $0[column] } == [label])
  }

  @Test(
    "segment finds the objects of the samples",
    arguments: [("chelsea.png", "cat", 0.5...0.95), ("astronaut.png", "person", 0.3...0.6)])
  func segment(sample: String, label: String, share: ClosedRange<Double>) throws {
    let ending = try work.run(
      .segment, TestData.sample(sample), "--out", "m.png", "--format", "json", environment: bare)
    #expect(ending.status == 0 && ending.errors.isEmpty, "\(ending.errors)")
    let classes = try #require(JSONValue(ending.output).elements.first?["classes"]).elements
    var found: [String: Double] = [:]
    for one in classes { found[try #require(one["label"]?.text)] = one["share"]?.double }
    #expect(share.contains(found[label] ?? 0), "\(found)")
    let others = found.filter { $0.key != label && $0.key != "background" }.values.reduce(0, +)
    #expect(others < 0.03, "\(found)")
  }

  private func records(_ arguments: String...) throws -> [[String]] {
    let ending = try work.run(.detect, arguments + ["--format", "csv"], environment: bare)
    #expect(ending.status == 0, "\(ending.errors)")
    return Array(CSV.records(ending.output).dropFirst())
  }

  @Test("people are detected by the specialist, everything else by the default detector")
  func specialist() throws {
    let (people, cat) = (TestData.sample("grace_hopper.jpg"), TestData.sample("chelsea.png"))
    let found = try records(people, cat)
    let alone = try records(people, "--model", "person-ssdlite")
    // Box and score are from the detector of people, the class id is from the 20 classes.
    #expect(alone.count == 1 && alone[0][1...2] == ["person", "1"])
    #expect(found.filter { $0[1] == "person" }.map { Array($0[3...]) } == alone.map { Array($0[3...]) })
    #expect(
      found.contains { $0[1] == "person" && $0[2] == "14" } || found.contains { $0[1] == "person" && $0[2] == "15" })
    let others = try records(cat, "--model", "objects-ssdlite")
    #expect(others.map { $0[1] } == ["cat"])
    #expect(found.filter { $0[1] == "cat" } == others)
    let named = try work.run(.detect, [people, "--format", "ndjson"], environment: bare)
    #expect(named.output.contains(#""model": "objects-ssdlite, person-ssdlite""#), "\(named.output)")
    let one = try work.run(.detect, [people, "--format", "ndjson", "--model", "objects-ssdlite"], environment: bare)
    #expect(one.output.contains(#""model": "objects-ssdlite", "#), "\(one.output)")
  }

  @Test("the mask of people is inside the boxes of the detector of people") func people() throws {
    let ending = try work.run(
      .segment, TestData.sample("astronaut.png"), "--model", "person-mask", "--out", "m.png", environment: bare)
    #expect(ending.status == 0 && ending.output.contains(" person "), "\(ending.errors)")
  }

  @Test("no folder of models is needed") func noFolder() throws {
    let none: [String: String?] = ["BACKBONE_MODELS": nil, "XDG_DATA_HOME": nil, "HOME": nil]
    let boxes = try work.run(.detect, TestData.sample("chelsea.png"), "--format", "csv", environment: none)
    #expect(boxes.status == 0 && boxes.output.contains(",cat,"), "\(boxes.errors)")
    let masks = try work.run(.segment, TestData.sample("chelsea.png"), "--out", "m.png", environment: none)
    #expect(masks.status == 0 && masks.output.contains(" cat "), "\(masks.errors)")
  }

  @Test("a shipped model is written to a file, half as large in fp16, and opened by its path")
  func convert() throws {
    func size(_ precision: String) throws -> Int {
      let file = "\(precision).safetensors"
      let ending = try work.run(
        .backbone, "models", "convert", "objects-ssdlite", "--precision", precision, "--out", file, environment: bare)
      #expect(ending.status == 0 && ending.output.hasPrefix("objects-ssdlite  "), "\(ending.errors)")
      return try work.bytes(file).count
    }
    let (half, single) = (try size("fp16"), try size("fp32"))
    #expect(half < 5_500_000 && abs(single - 2 * half) < 50_000)
    func answer(_ model: String) throws -> String {
      let ending = try work.run(
        .detect, TestData.sample("chelsea.png"), "--model", model, "--format", "csv", environment: bare)
      #expect(ending.status == 0, "\(ending.errors)")
      return ending.output.replacing(model, with: "")
    }
    // The shipped file is fp16, so neither precision loses anything.
    let shipped = try answer("objects-ssdlite")
    #expect(try answer("fp16.safetensors") == shipped)
    #expect(try answer("fp32.safetensors") == shipped)
  }

  @Test("a head alone is written without its base's weights, and opened with them")
  func convertHead() throws {
    let ending = try work.run(
      .backbone, "models", "convert", "objects-mask", "--licence", "MIT", "--origin", "here", "--out", "m.safetensors",
      environment: bare)
    #expect(ending.status == 0, "\(ending.errors)")
    let file = try ModelFile.open(path: work.here + "/m.safetensors")
    #expect(file.card.base?.name == "objects-ssdlite" && file.card.provenance.licence == "MIT")
    #expect(file.card.provenance.origin == "here" && !file.weights.contains("backbone.stem.weight"))
    let sample = TestData.sample("chelsea.png")
    for model in ["objects-mask", "m.safetensors"] {
      let ending = try work.run(
        .segment, sample, "--model", model, "--out", "\(model).png", environment: bare)
      #expect(ending.status == 0, "\(ending.errors)")
    }
    #expect(try work.bytes("objects-mask.png") == work.bytes("m.safetensors.png"))
  }
}

import ModelFiles
import TestSupport
import Testing

/// `backbone models`: list, info, path, fetch and verify.
@Suite struct ModelsTests {
  let work: Workplace

  init() throws { work = try Workplace() }

  @Test("the list has installed and unusable models, and how to fetch known ones")
  func list() throws {
    try work.write(Array("no model".utf8), to: "../models/broken.safetensors")
    let all = try work.run(.backbone, "models")
    #expect(all.status == 0 && all.errors.isEmpty)
    let rows = all.output.split(separator: "\n").map { $0.split(separator: " ", maxSplits: 3).map(String.init) }
    #expect(rows[0] == ["model", "task", "licence", "state"].map { $0 } || rows[0].first == "model")
    #expect(
      rows.map(\.first) == [
        "model", "broken", "tiny-detector", "tiny-segmenter", "objects-ssdlite", "objects-mask", "person-ssdlite",
        "person-mask", "deeplab-voc",
      ])
    #expect(all.output.contains("part of the program, on objects-ssdlite"))
    #expect(all.output.contains("part of the program, on person-ssdlite"))
    #expect(all.output.contains("unusable: see `backbone models info broken`"))
    #expect(!all.output.contains("models fetch person-ssdlite"))
    #expect(all.output.contains("get it with `backbone models fetch deeplab-voc`"))
    #expect(try work.run(.backbone, "models", "list").output == all.output)
    let empty = try work.run(.backbone, "models", environment: ["BACKBONE_MODELS": nil])
    #expect(empty.status == 0 && empty.output.split(separator: "\n").count == 6, "\(empty.errors)")
  }

  @Test("the environment variables set the folder of models")
  func folders() throws {
    func path(_ environment: [String: String?]) throws -> String {
      try work.run(.backbone, "models", "path", environment: environment).output
    }
    #expect(try path([:]) == work.models + "\n")
    let unset: [String: String?] = ["BACKBONE_MODELS": nil]
    #expect(try path(unset) == work.path + "/.local/share/backbone/models\n")
    #expect(try path(unset.merging(["XDG_DATA_HOME": "/data"]) { $1 }) == "/data/backbone/models\n")
    #expect(try path(unset.merging(["XDG_DATA_HOME": "data"]) { $1 }) == work.path + "/.local/share/backbone/models\n")
    let file = try work.run(.backbone, "models", "path", "tiny-detector").output
    #expect(file == work.models + "/tiny-detector.safetensors\n")
  }

  @Test("info prints the card, for a name and for a path")
  func info() throws {
    let info = try work.run(.backbone, "models", "info", "tiny-detector")
    #expect(info.status == 0 && info.errors.isEmpty)
    let words = info.output.split(separator: "\n").map { $0.split(separator: " ").joined(separator: " ") }
    let lines = [
      "model tiny-detector", "task detect", "licence Apache-2.0", "padding same", "input 96x96, stretch",
      "network mobilenet-v2, width 0.35, output stride 32", "batch norm folded, epsilon 0.001",
      "detector 4 outputs, background 0, sigmoid scores", "classes 7 cat (output 1)", "17 dog (output 2)",
      "thresholds score 0.3, IoU 0.6, at most 100 detections",
    ]
    for line in lines { #expect(words.contains(line), "\(line)") }
    let path = try work.run(.backbone, "models", "info", "../models/tiny-detector.safetensors")
    #expect(path.output.replacing("../models", with: work.models) == info.output)
    #expect(try work.run(.backbone, "models", "info", "tiny-segmenter").output.contains("align"))
  }

  @Test("two models of one network are averaged, others refused")
  func average() throws {
    func average(_ first: String, _ second: String, _ out: String, _ more: String...) throws -> Ending {
      try work.run(.backbone, ["models", "average", first, second, "--out", out] + more)
    }
    func values(_ path: String) throws -> [Float] {
      let weights = try ModelFile.open(path: path).weights
      return try weights.values("backbone.stem.bias", shape: weights.entries["backbone.stem.bias"]!.shape)
    }
    let path = "\(work.models)/tiny-detector.safetensors"
    let open = try ModelFile.open(path: path)
    var tensors: [String: (shape: [Int], values: [Float])] = [:]
    for (name, entry) in open.weights.entries {
      tensors[name] = (entry.shape, try open.weights.values(name, shape: entry.shape).map { $0 * 3 })
    }
    var card = open.card
    card.name = "thrice"
    card.detection?.recommendedScore = 0.7
    let thrice = "\(work.here)/thrice.safetensors"
    try ModelFile.write(card: card, weights: Weights(source: "test", tensors: tensors), to: thrice)
    let own = try values(path)
    for (share, factor) in [("0", Float(1)), ("0.5", 2), ("1", 3)] {
      let ending = try average("tiny-detector", "./thrice.safetensors", "mean.safetensors", "--share", share)
      #expect(ending.status == 0 && ending.errors.isEmpty, "\(ending.errors)")
      let found = try values("\(work.here)/mean.safetensors")
      #expect(zip(found, own).allSatisfy { abs($0 - $1 * factor) <= 1e-5 * abs($1) }, "\(share)")
    }
    let made = try ModelFile.open(path: "\(work.here)/mean.safetensors").card
    #expect(made.name == "tiny-detector" && made.detection?.recommendedScore == nil)
    #expect(made.provenance.origin == "tiny-detector and thrice, averaged: 0.0 and 1.0")
    let converted = try work.run(
      .backbone, "models", "convert", "mean.safetensors", "--score", "0.25", "--iou", "0.45", "--out", "c.safetensors")
    #expect(converted.status == 0, "\(converted.errors)")
    let detection = try ModelFile.open(path: "\(work.here)/c.safetensors").card.detection
    #expect(detection?.recommendedScore == 0.25 && detection?.iouThreshold == 0.45)
    for (words, status, part) in [
      (["models", "average", "tiny-detector", "tiny-segmenter", "--out", "n.safetensors"], 3, "is another network"),
      (["models", "average", "tiny-detector", "nope", "--out", "n.safetensors"], 3, "nope: no model"),
      (
        ["models", "average", "tiny-detector", "thrice.safetensors", "--share", "2", "--out", "n.safetensors"], 2,
        "--share 2.0: expected"
      ),
      (
        ["models", "average", "tiny-detector", "thrice.safetensors", "--out", "thrice.safetensors"], 2,
        "would replace an input"
      ), (["models", "convert", "tiny-segmenter", "--score", "0.5", "--out", "n.safetensors"], 2, "is no detector"),
    ] {
      let refused = try work.run(.backbone, words)
      #expect(refused.status == Int32(status) && refused.errors.contains(part), "\(words): \(refused.errors)")
    }
  }

  /// An environment without network: every address is a proxy that refuses connections, and there is no package index.
  private static let offline: [String: String?] = {
    var variables: [String: String?] = [
      "PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_CONFIG_FILE": "/dev/null", "PIP_EXTRA_INDEX_URL": nil,
      "PIP_FIND_LINKS": nil, "PIP_NO_INDEX": nil, "NO_PROXY": nil, "no_proxy": nil,
    ]
    for name in ["http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"] {
      variables[name] = "http://127.0.0.1:9"
    }
    return variables
  }()

  @Test("offline, fetch reports the failed download and the remedy", arguments: ["person-ssdlite", "deeplab-voc"])
  func offline(name: String) throws {
    let noPrograms: [String: String?] = ["PATH": "\(work.here)/folder"]
    for environment in [Self.offline, noPrograms] {
      // pip keeps files of its own in the home folder.
      let before = try work.contents().filter { $0.key.hasPrefix("models") || $0.key.hasPrefix("here") }
      let ending = try work.run(.backbone, "models", "fetch", name, environment: environment)
      #expect(ending.status == 3 && ending.bytes.isEmpty)
      // A line of progress and a line with the error.
      #expect(ending.errorLines.count == 2, "\(ending.errors)")
      #expect(ending.errorLines.first?.hasPrefix("backbone: \(name): downloading ") == true)
      let last = ending.errorLines.last ?? ""
      #expect(
        last.hasPrefix("backbone: \(name): cannot get ") || last.hasPrefix("backbone: \(name): needs "), "\(last)")
      #expect(last.hasSuffix("`backbone models fetch \(name) --from FILE`"))
      let after = try work.contents().filter { $0.key.hasPrefix("models") || $0.key.hasPrefix("here") }
      #expect(after == before)
    }
  }

  @Test("a file other than the published one is refused")
  func wrongFile() throws {
    try work.expect(
      FailureCase(
        .backbone, "models fetch deeplab-voc --from a.png", 3, "a.png: has the SHA-256 ",
        "expected 68a539782c2c6a72f8aac3724600124a85ed977162b44e84cbae5db717c933c6; it is not the published file"))
    try work.expect(
      FailureCase(
        .backbone, "models fetch person-ssdlite --from a.png", 3,
        "expected 62265527aa912552ae80600d90e311f50a4cc70b92716bf07c85594815d47aa3; it is not the published file"))
    try work.expect(
      FailureCase(.backbone, "models fetch deeplab-voc --from no.tflite", 3, "no.tflite: cannot open the file: No such")
    )
  }

  @Test("a folder of models that cannot be made is an output failure")
  func unwritable() throws {
    try work.expect(
      FailureCase(.backbone, "models fetch deeplab-voc --from a.png", 4, "cannot write the file: "),
      environment: ["BACKBONE_MODELS": "\(work.here)/a.png/models"])
  }

  private static let published = "models/deeplabv3_257_mv_gpu.tflite"

  @Test(
    "the published segmenter is converted from a copy, and then used by name",
    .enabled(if: TestData.has(published), Comment(rawValue: TestData.absence(of: published))))
  func fetchFromFile() throws {
    let copy = try #require(TestData.path(Self.published))
    let first = try work.run(.backbone, "models", "fetch", "deeplab-voc", "--from", copy)
    #expect(first.status == 0 && first.output.hasPrefix("deeplab-voc  installed  "), "\(first.errors)")
    let second = try work.run(.backbone, "models", "fetch", "deeplab-voc", environment: Self.offline)
    #expect(second.status == 0 && second.output.hasPrefix("deeplab-voc  installed already  "))
    let ending = try work.run(.segment, TestData.sample("chelsea.png"), "--out", "m.png")
    #expect(ending.status == 0 && ending.output.contains(" cat "), "\(ending.output)\(ending.errors)")
    #expect(try work.contents().keys.allSatisfy { !$0.contains(".tmp") })
  }

  @Test("verify detects every change of a file")
  func verify() throws {
    let nothing = try work.run(.backbone, "models", "verify")
    #expect(nothing.status == 3 && nothing.errorLines.count == 3)
    #expect(
      nothing.errorLines.first?.contains("has no record of tiny-detector's SHA-256; install the model again") == true)

    try ImportTests.checkpoint().write(to: work, "net.safetensors")
    let install = try work.run(.backbone, "import", "net.safetensors")
    #expect(install.status == 0, "\(install.errors)")
    let good = try work.run(.backbone, "models", "verify", "net")
    #expect(good.status == 0 && good.errors.isEmpty && good.output.hasPrefix("net  unchanged  "))
    let record = String(decoding: try work.bytes("../models/net.safetensors.sha256"), as: UTF8.self)
    #expect(record == "\(good.output.split(separator: " ").last!.dropLast())  net.safetensors\n")

    let bytes = try work.bytes("../models/net.safetensors")
    for place in [bytes.count - 2, bytes.count / 2] {
      var changed = bytes
      changed[place] ^= 1
      try work.write(changed, to: "../models/net.safetensors")
      try work.expect(
        FailureCase(
          .backbone, "models verify net", 3, "net.safetensors: has the SHA-256 ", "the file was changed, inst"))
    }
    try work.write(bytes, to: "../models/net.safetensors")
    try work.write(Array("nonsense\n".utf8), to: "../models/net.safetensors.sha256")
    try work.expect(FailureCase(.backbone, "models verify net", 3, "has no record of net's SHA-256; install the model"))
    try work.expect(
      FailureCase(.backbone, "models verify", 3, "no model is installed; see `backbone models`"),
      environment: ["BACKBONE_MODELS": "\(work.here)/folder"])
  }
}

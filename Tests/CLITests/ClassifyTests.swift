import Backbone
import Graphs
import ImageTypes
import ModelFiles
import Testing
import Vision

/// `backbone classify` and `backbone embed`: their results are the library's.
@Suite struct ClassifyTests {
  let work: Workplace
  private let model: ModelFile

  init() throws {
    work = try Workplace()
    var card = try ModelFile.open(path: "\(work.models)/tiny-detector.safetensors").card
    (card.name, card.task, card.detection) = ("tiny-classifier", .classify, nil)
    card.classifierOutputs = 4
    card.labels = [ClassLabel(output: 0, id: 7, name: "a \"quoted\", name"), ClassLabel(output: 2, id: 9, name: "dog")]
    let path = "\(work.models)/tiny-classifier.safetensors"
    try ModelFile.write(card: card, weights: .random(try Graph(card).parameters, seed: 3), to: path)
    model = try ModelFile.open(path: path)
  }

  private func classify(_ words: String) throws -> Ending {
    try work.run(
      .backbone, ("classify " + words + " --model tiny-classifier").split(separator: " ").map(String.init))
  }

  private func found(_ name: String, top: Int = 5) throws -> [Classification] {
    try ImageClassifier(model, threads: 1).classify(work.read(name), top: top)
  }

  @Test("every format has the library's classes in the order of the pictures, and a damaged picture is left out")
  func formats() throws {
    let names = ["a.png", "b.png", "c.png", "a.png", "b.png"]
    let expected = try names.map { try found($0, top: 3) }
    for threads in [1, 2] {
      let pictures = "a.png b.png missing.png c.png a.png b.png --top 3 --threads \(threads)"
      let csv = try classify("\(pictures) --format csv")
      #expect(csv.status == 1 && csv.errorLines.count == 2, "\(csv.errors)")
      #expect(csv.errorLines[0].contains("missing.png") && csv.errorLines[1] == "backbone: 5 done, 1 failed")
      let quoted = "\"a \"\"quoted\"\", name\""
      let rows = zip(names, expected).flatMap { name, found in
        found.map { "\(name),\($0.output == 0 ? quoted : $0.label),\($0.id),\($0.output),\($0.score)" }
      }
      #expect(csv.output.split(separator: "\n").map(String.init) == ["image,label,id,output,score"] + rows)

      let lines = try classify("\(pictures) --format ndjson").output.split(separator: "\n")
      #expect(lines.count == 6 && lines[2].contains("\"error\""))
      let json = try classify("\(pictures) --format json").output
      #expect(
        json == "[\n" + lines.filter { !$0.contains("\"error\"") }.map { "  " + $0 }.joined(separator: ",\n") + "\n]\n")
      let value = try JSONValue(json)
      let first = try #require(value.elements.first?["classifications"]).elements
      #expect(first.count == 3)
      for (value, one) in zip(first, expected[0]) {
        #expect(value["label"]?.text == one.label && value["output"]?.double == Double(one.output))
        #expect(value["score"]?.double.map { Float($0) } == one.score)
      }
    }
    let text = try classify("a.png --top 1 --timing")
    #expect(text.output.contains(expected[0][0].label) && text.output.hasPrefix("a.png  96x64  tiny-classifier\n"))
    #expect(text.errors.contains("preprocess") && text.errors.contains("post-process"))
  }

  @Test("the names are from a file if there is one")
  func labels() throws {
    try work.write(Array("north\neast\nsouth\nwest\n".utf8), to: "names.txt")
    let names = ["north", "east", "south", "west"]
    let lines = try classify("a.png --format csv --labels names.txt").output.split(separator: "\n").dropFirst()
    #expect(lines.map { String($0.split(separator: ",")[1]) } == (try found("a.png")).map { names[$0.output] })
    try work.write(Array("north\neast\n".utf8), to: "names.txt")
    let refused = try classify("a.png --labels names.txt")
    #expect(refused.status == 2 && refused.errors.contains("has 2 class names, expected 4"), "\(refused.errors)")
    let large = try classify("a.png --labels names.txt --max-text-bytes 3")
    #expect(large.status == 2 && large.errors.contains("raise --max-text-bytes"), "\(large.errors)")
    let missing = try classify("a.png --labels nowhere.txt")
    #expect(missing.status == 2 && missing.errors.contains("nowhere.txt"), "\(missing.errors)")
    let top = try classify("a.png --top 0")
    #expect(top.status == 2 && top.errors.contains("--top 0"))
    let other = try work.run(.backbone, "classify", "a.png", "--model", "tiny-detector")
    #expect(
      other.status == 3 && other.errors.contains("the model's task is detect, expected classify"), "\(other.errors)")
  }

  @Test("embeddings are bitwise equal to the library's, and failed pictures have no row")
  func vectors() throws {
    let words = "embed a.png missing.png b.png c.png a.png --model tiny-classifier"
    let names = ["a.png", "b.png", "c.png", "a.png"]
    for (more, tap, unit) in [("", Tap.last, false), (" --tap block5 --normalise --threads 2", .block(5), true)] {
      let embedder = try Embedder(model, tap: tap, isNormalised: unit, threads: 1)
      let expected = try names.map { try embedder.embedding(of: work.read($0)) }
      for kind in ["npy", "ndjson"] {
        let ending = try work.run(
          .backbone, "\(words)\(more) --out x.\(kind)".split(separator: " ").map(String.init))
        #expect(ending.status == 1 && ending.errorLines.count == 2, "\(ending.errors)")
        #expect(ending.errorLines.first?.contains("missing.png") == true)
        #expect(
          ending.output
            == "x.\(kind)  4x\(embedder.channels)  tiny-classifier \(tap), 1 of 5 pictures left out\n")
      }
      let array = try NPY(try work.bytes("x.npy"))
      #expect(array.shape == [4, embedder.channels])
      #expect(array.values.map(\.bitPattern) == expected.flatMap { $0.map(\.bitPattern) })
      let lines = String(decoding: try work.bytes("x.ndjson"), as: UTF8.self).split(separator: "\n")
      for (index, line) in lines.enumerated() {
        let value = try JSONValue(String(line))
        #expect(value["image"]?.text == names[index])
        #expect(value["embedding"]?.elements.compactMap { $0.double.map { Float($0) } } == expected[index])
      }
      #expect(lines.count == 4)
    }
  }

  @Test(arguments: [
    ("a.png --out x.txt", 2, "ends in .npy or .ndjson"), ("a.png --out x.npy --tap nowhere", 3, "block16"),
    ("missing.png --out no/x.npy", 4, "no/x.npy"), ("missing.png --out x.npy", 1, "missing.png"),
    ("a.npy --out a.npy", 2, "would replace an input"), ("a.png --out x.npy --model nowhere", 3, "nowhere"),
  ]) func vectorsThatCannotBe(words: String, status: Int32, text: String) throws {
    try work.write([1], to: "a.npy")
    let before = try work.contents()
    let ending = try work.run(.backbone, ("embed " + words).split(separator: " ").map(String.init))
    #expect(ending.status == status && ending.errors.contains(text), "\(ending.errors)")
    #expect(ending.errorLines.count == 1 && ending.output.isEmpty)
    #expect(try work.contents() == before)
  }
}

import ImageCodecs
import ImageTypes
import ModelFiles
import TestSupport
import Testing
import Vision

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// `backbone train classify` and `backbone eval classify` on generated folders.
@Suite struct TrainClassifyTests {
  let work: Workplace

  init() throws {
    work = try Workplace()
    var random = SplitMix64(seed: 5)
    for (name, red, green) in [("red", 220, 30), ("green", 30, 220), ("gray", 120, 120)] {
      try work.makeFolder("set/\(name)")
      for index in 0..<8 {
        let (width, height) = (96 + index * 3, 90)
        let pixels = (0..<width * height).flatMap { _ in
          [red, green, 90].map { UInt8(clamping: $0 + random.integer(in: -30...30)) }
        }
        try work.write(
          PNGEncoder.encode(Image(width: width, height: height, pixels: pixels)), to: "set/\(name)/\(index).png")
      }
    }
  }

  private func train(_ out: String, _ more: String = "") throws -> Ending {
    let words =
      "train classify --data set --model tiny-detector --out \(out).safetensors --variants 2 --epochs 30 --batch 4 "
      + "--augment none --rate 0.01 --averaging 0.5 --hold-out every:4 \(more)"
    return try work.run(.backbone, words.split(separator: " ").map(String.init))
  }

  private func eval(_ words: String) throws -> Ending {
    try work.run(.backbone, ["eval", "classify"] + words.split(separator: " ").map(String.init))
  }

  @Test func aClassifierLearnsRunsAndIsMeasured() throws {
    for (out, more) in [("a", "--threads 1"), ("b", "--threads 3 --name a"), ("c", "--unfreeze block16")] {
      let ending = try train(out, more)
      #expect(ending.status == 0, "\(ending.errors)")
      #expect(ending.output.hasPrefix("\(out).safetensors  3 classes, 18 pictures x 2, "), "\(ending.output)")
      #expect(ending.output.contains("top-1 1.0000 on 6 pictures kept apart"), "\(ending.output)")
      let log = String(decoding: try work.bytes("\(out).csv"), as: UTF8.self).split(separator: "\n")
      #expect(log.first == "step,epoch,loss,rate,estimated_top-1,top-1")
      #expect(log.last?.hasSuffix(",1.0") == true)
      #expect(try work.read("\(out).png").width > 100)
      #expect(try work.contents().keys.allSatisfy { !$0.hasSuffix(".features") && !$0.hasSuffix(".checkpoint") })
    }
    #expect(try work.bytes("a.safetensors") == work.bytes("b.safetensors"))
    #expect(try work.bytes("a.safetensors") != work.bytes("c.safetensors"))
    let card = try ModelFile.open(path: "\(work.here)/a.safetensors").card
    #expect(card.task == .classify && card.classifierOutputs == 3)
    #expect(card.labels.map(\.name) == ["gray", "green", "red"] && card.labels.map(\.id) == [0, 1, 2])
    #expect(card.figures?.first == MeasuredFigure(metric: "top-1", value: 1, images: 6))
    let found = try work.run(
      .backbone, "classify", "set/red/0.png", "set/gray/3.png", "--model", "./a.safetensors", "--top", "1",
      "--format", "csv")
    let lines = found.output.split(separator: "\n").dropFirst().map { $0.split(separator: ",")[1] }
    #expect(lines == ["red", "gray"], "\(found.output) \(found.errors)")

    let text = try eval("--data set --model ./a.safetensors --hold-out every:4")
    #expect(text.status == 0 && text.output.contains("6 pictures"), "\(text.errors)")
    #expect(text.output.contains("top-5") && text.output.contains("taken for"))
  }

  /// The figures, the confusion matrix and the drawn pictures of a set with some pictures in the wrong folder.
  @Test func mistakesAreCounted() throws {
    #expect(try train("a").status == 0)
    try work.makeFolder("wrong/red")
    try work.makeFolder("wrong/green")
    try work.makeFolder("wrong/blue")
    for (from, to) in [
      ("red/1", "red/1"), ("red/2", "red/2"), ("green/1", "red/3"), ("gray/1", "green/1"), ("red/0", "blue/1"),
    ] {
      try work.write(try work.bytes("set/\(from).png"), to: "wrong/\(to).png")
    }
    let json = try eval("--data wrong --model ./a.safetensors --format json --pictures drawn --worst 5")
    #expect(json.status == 0, "\(json.errors)")
    let value = try JSONValue(json.output)
    // The model does not have blue, and the data do not have gray.
    #expect(value["pictures"]?.double == 4)
    #expect(
      value["remarks"]?.elements.compactMap(\.text).filter { $0.contains("blue") || $0.contains("gray") }.count == 2)
    let figures = value.figures
    #expect(figures["top-1"] == 0.5 && figures["top-5"] == 1)
    #expect(figures["red/accuracy"] == 2.0 / 3 && figures["green/accuracy"] == 0)
    #expect(figures["mean class accuracy"] == 1.0 / 3)
    let rows = value["classes"]?.elements.map { $0["confusion"]?.elements.compactMap(\.double) }
    #expect(rows == [[0, 0, 1], [1, 2, 0]])
    let drawn = try work.contents().keys.filter { $0.hasPrefix("here/drawn/") }.sorted()
    #expect(drawn.count == 3 && drawn.contains("here/drawn/confusion.png"), "\(drawn)")
    #expect(drawn.contains { $0.hasSuffix("red-3.png") || $0.hasSuffix("red_3.png") }, "\(drawn)")

    let csv = try eval("--data wrong --model ./a.safetensors --format csv --classes red,green")
    #expect(csv.output.contains(",top-1,0.5\n") && csv.output.contains("red,taken for green,1\n"), "\(csv.output)")
    try work.write(Array("image,class\nred/1.png,red\ngreen/1.png,red\nmissing.png,red\n".utf8), to: "set/classes.csv")
    let table = try eval("--data set --model ./a.safetensors --format json")
    #expect(table.status == 1 && table.errors.contains("missing.png"), "\(table.errors)")
    #expect(try JSONValue(table.output).figures["top-1"] == 0.5)
  }

  @Test("a killed run resumes to bitwise equal weights", arguments: [SIGKILL, SIGTERM])
  func killedRunsGoOn(signal: Int32) throws {
    #expect(try train("whole").status == 0)
    var kills = 0
    var random = SplitMix64(seed: UInt64(signal))
    for _ in 0..<40 {
      let words =
        "train classify --data set --model tiny-detector --out part.safetensors --variants 2 --epochs 30 --batch 4 "
        + "--augment none --rate 0.01 --averaging 0.5 --hold-out every:4 --name whole --checkpoint-every 0 --resume"
      let child = try Child(.backbone, words.split(separator: " ").map(String.init), in: work)
      usleep(UInt32(random.integer(in: 30_000...300_000)))
      child.send(signal)
      if try child.wait().status == 0 { break }
      kills += 1
    }
    #expect(try train("part", "--name whole --resume").status == 0)
    #expect(kills > 0, "nothing was killed")
    let isSame = try work.bytes("part.safetensors") == work.bytes("whole.safetensors")
    #expect(isSame, "after \(kills) kills")
  }

  @Test(arguments: [
    ("--classes red", 1, "the class red alone"), ("--classes cow,red", 1, "cow"),
    ("--class-weights 1,2", 2, "3 numbers"),
    ("--class-weights 1,x,2", 2, "--class-weights"), ("--augment ssd", 2, "for boxes"),
    ("--unfreeze block99", 2, "block1 to block16"), ("--model nowhere", 3, "nowhere"),
  ]) func whatCannotBeIsToldInOneLine(words: String, status: Int32, text: String) throws {
    let before = try work.contents()
    let ending = try train("no", words)
    #expect(ending.status == status && ending.errors.contains(text), "\(ending.errors)")
    #expect(ending.output.isEmpty && ending.errorLines.count == 1, "\(ending.errors)")
    #expect(try work.contents() == before)
  }

  @Test func otherModelsAndSetsAreRefused() throws {
    for (words, status, text) in [
      ("--data set --model tiny-detector", 3, "expected classify"),
      ("--data nowhere --model tiny-detector", 1, "nowhere"),
      ("--data set --model tiny-detector --views squares", 2, "--views"),
      ("--data set --model tiny-detector --limit 0", 2, "--limit"),
    ] {
      let ending = try eval(words)
      #expect(ending.status == Int32(status) && ending.errors.contains(text), "\(ending.errors)")
    }
  }
}

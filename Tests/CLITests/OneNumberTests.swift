import ModelFiles
import TestSupport
import Testing

/// The figures that training prints at its end, the card's, the log's and those of `eval` are bitwise equal.
@Suite struct OneNumberTests {
  private static let balls = TestData.sample("Balls")

  private func words(_ line: String) -> [String] {
    line.split(separator: " ").map { $0 == "BALLS" ? Self.balls : String($0) }
  }

  /// The figures of a report in JSON; those of classes have the class and a slash as prefix.
  private func figures(_ ending: Ending) throws -> [String: Double] {
    #expect(ending.status == 0, "\(ending.errors)")
    return try JSONValue(ending.output).figures
  }

  /// Compares the card's figures and the log's last value with those of `eval`.
  ///
  /// - Returns: `eval`'s figures.
  private func hold(_ model: String, _ eval: String, metric: String, in work: Workplace) throws -> [String: Double] {
    let found = try figures(work.run(.backbone, words("eval \(eval) --model ./\(model).safetensors --format json")))
    let card = try ModelFile.open(path: "\(work.here)/\(model).safetensors").card
    let kept = try #require(card.figures)
    #expect(kept.first?.metric == metric && kept.contains { $0.className != nil })
    for one in kept {
      let name = one.className.map { "\($0)/\(one.metric)" } ?? one.metric
      #expect(one.value == found[name] && one.images == 5, "\(one)")
    }
    let log = String(decoding: try work.bytes("\(model).csv"), as: UTF8.self).split(separator: "\n")
    #expect(log[0].split(separator: ",").last! == metric.lowercased().split(separator: " ").joined(separator: "_"))
    #expect(log.last!.split(separator: ",").last.flatMap { Double($0) } == found[metric], "\(log.last!)")
    #expect(log[1].last == ",")
    return found
  }

  /// The lines of `eval`'s text that the end of a training run has too.
  private func shared(_ ending: Ending, _ eval: String, in work: Workplace) throws -> [Substring] {
    let text = try work.run(.backbone, words("eval \(eval)")).output.split(separator: "\n")
    return ending.output.split(separator: "\n").filter(text.contains)
  }

  @Test("detect: the random model's figures are no round numbers, and equal", arguments: ["multibox", "focal"])
  func boxes(loss: String) throws {
    let work = try Workplace()
    let ending = try work.run(
      .backbone,
      words(
        "train detect --data BALLS --model tiny-detector --out m.safetensors --variants 4 --epochs 30 --batch 4 "
          + "--augment none --rate 0.005 --from-scratch --loss \(loss) --threads 2"))
    #expect(ending.status == 0, "\(ending.errors)")
    let eval = "detect --data BALLS --hold-out every:5 --threads 1"
    let found = try hold("m", eval, metric: "AP50", in: work)
    // Equal zeros or ones would prove little.
    let ap = try #require(found["AP"])
    print("\(loss): AP \(ap), AP50 \(found["AP50"]!), best F1 \(found["best F1"]!) above \(found["score threshold"]!)")
    #expect(ap > 0.001 && ap < 0.999)
    let lines = try shared(ending, eval + " --model ./m.safetensors", in: work)
    #expect(lines.count == 3 && lines.contains { $0.hasPrefix("  ball ") }, "\(ending.output)")
    #expect(lines.contains { $0.hasPrefix("  threshold ") })
    #expect(ending.output.contains("AP50 \(found["AP50"]! == 1 ? "1.000" : String("\(found["AP50"]!)".prefix(3)))"))

    // The recommended score is the default of `detect`, and the threshold of the best F1.
    let card = try ModelFile.open(path: "\(work.here)/m.safetensors").card
    let score = try #require(card.detection?.recommendedScore)
    #expect(Double("\(score)") == found["score threshold"])
    let held = stride(from: 0, to: 24, by: 5).map { "\(Self.balls)/images/ball\($0 < 10 ? "0" : "")\($0).jpg" }
    func detect(_ more: String...) throws -> String {
      try work.run(.detect, held + ["--model", "./m.safetensors", "--format", "csv"] + more).output
    }
    let usual = try detect()
    #expect(try usual == detect("--score", "\(score)") && usual != detect("--score", "0"))
    let count = Double(usual.split(separator: "\n").count - 1)
    let precision = try #require(found["precision"]), recall = try #require(found["recall"])
    #expect(abs(precision * count - recall * found["ball/boxes"]!) < 1e-9, "\(count) found")
  }

  @Test("segment: whole models and heads alone, gated ones too", arguments: ["", "--only-learned --gate 0.3"])
  func masks(more: String) throws {
    let work = try Workplace()
    let ending = try work.run(
      .backbone,
      words(
        "train segment --data BALLS --model tiny-detector --out m.safetensors --variants 2 --epochs 8 --batch 4 "
          + "--augment none --threads 2 \(more)"))
    #expect(ending.status == 0, "\(ending.errors)")
    let eval = "segment --data BALLS --hold-out every:5 --threads 1"
    let found = try hold("m", eval, metric: "mean IoU", in: work)
    let iou = try #require(found["ball/IoU"])
    print("\(more): mean IoU \(found["mean IoU"]!), of balls \(iou)")
    #expect(iou > 0.01 && iou < 0.999)
    func four(_ value: Double) -> String { "\((value * 1e4).rounded() / 1e4)" }
    #expect(ending.output.contains("mean IoU \(four(found["mean IoU"]!))"), "\(ending.output)")
    #expect(ending.output.contains("on 5 pictures kept apart"))
  }

  @Test("without validation pictures a card has no figures and no recommended score")
  func nothingHeld() throws {
    let work = try Workplace()
    let ending = try work.run(
      .backbone,
      words(
        "train detect --data BALLS --model tiny-detector --out m.safetensors --variants 1 --epochs 1 --hold-out none"))
    #expect(ending.status == 0 && !ending.output.contains("AP50"), "\(ending.errors)")
    let card = try ModelFile.open(path: "\(work.here)/m.safetensors").card
    #expect(card.figures == nil && card.detection?.recommendedScore == nil)
  }
}

import Backbone
import ImageCodecs
import ImageTypes
import ModelFiles
import TestSupport
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// `backbone train` on a small generated data set.
@Suite struct TrainTests {
  /// A folder of pictures of a coloured rectangle on noise, with masks: class 1 is red, 2 is green.
  private func makeData(_ work: Workplace, count: Int = 12) throws {
    var random = SplitMix64(seed: 5)
    for index in 0..<count {
      let (width, height) = (96 + index % 3 * 10, 80 + index % 2 * 9)
      var pixels = (0..<width * height * 3).map { _ in UInt8(random.integer(in: 90...160)) }
      var ids = [UInt8](repeating: 0, count: width * height)
      let (x, y) = (random.integer(in: 5...40), random.integer(in: 5...30))
      let kind = index % 2
      for row in y..<y + 40 {
        for column in x..<x + 45 {
          let i = row * width + column
          ids[i] = UInt8(kind + 1)
          for c in 0..<3 { pixels[i * 3 + c] = c == kind ? 230 : 20 }
        }
      }
      ids[0] = 255
      try work.makeFolder("set/images")
      try work.makeFolder("set/masks")
      try work.write(
        PNGEncoder.encode(Image(width: width, height: height, pixels: pixels)), to: "set/images/p\(index).png")
      try work.write(
        PNGEncoder.encodeIndexed(
          width: width, height: height, indices: ids,
          palette: (0..<256).map { Colour(red: UInt8($0), green: UInt8($0), blue: UInt8($0)) }),
        to: "set/masks/p\(index).png")
    }
    try work.write(Array("background\nred\ngreen\n".utf8), to: "set/classes.txt")
  }

  private func arguments(_ out: String, _ more: String = "") -> [String] {
    let words =
      "train segment --data set --model tiny-detector --out \(out).safetensors --head pyramid --unfreeze block15 "
      + "--levels block16,block13/expansion,block6/expansion --widths 24,16 --variants 3 --epochs 3 --batch 4 \(more)"
    return words.split(separator: " ").map(String.init)
  }

  @Test func aHeadLearnsAndRuns() throws {
    let work = try Workplace()
    try makeData(work)
    let ending = try work.run(.backbone, arguments("head", "--epochs 25 --augment none"))
    #expect(ending.status == 0, "\(ending.errors)")
    #expect(ending.output.contains("on 3 pictures kept apart"))
    // The classes differ in colour only: even on a random backbone the head must separate them from noise.
    for name in ["red", "green"] {
      let line = try #require(ending.output.split(separator: "\n").first { $0.contains(name) })
      let iou = try #require(Double(line.split(separator: " ").last ?? ""))
      #expect(iou > 0.5, "\(line)")
    }
    let left = try work.contents().keys.filter { $0.hasPrefix("here/head") }.sorted()
    #expect(left == ["here/head.csv", "here/head.png", "here/head.safetensors"])
    #expect(try work.read("head.png").width >= 600)
    let log = String(decoding: try work.bytes("head.csv"), as: UTF8.self).split(separator: "\n")
    #expect(log.first == "step,epoch,loss,rate,estimated_mean_iou,mean_iou")
    #expect(log.last?.hasPrefix("150,25,") == true, "\(log.last ?? "")")
    let mask = try work.run(.segment, ["set/images/p0.png", "--model", "./head.safetensors", "--out", "mask.png"])
    #expect(mask.status == 0, "\(mask.errors)")
    #expect(mask.output.contains("red"))
  }

  /// Boxes around the mask's objects.
  private func makeBoxes(_ work: Workplace) throws {
    try work.makeFolder("set/labels")
    for index in 0..<12 {
      let mask = try PNGDecoder.decodeIndices(bytes: try work.bytes("set/masks/p\(index).png"))
      let kind = UInt8(index % 2 + 1)
      let places = mask.indices.indices.filter { mask.indices[$0] == kind }
      let (xs, ys) = (places.map { $0 % mask.width }, places.map { $0 / mask.width })
      let (x1, x2) = (Double(xs.min()!), Double(xs.max()! + 1))
      let (y1, y2) = (Double(ys.min()!), Double(ys.max()! + 1))
      let (width, height) = (Double(mask.width), Double(mask.height))
      let line =
        "\(index % 2) \((x1 + x2) / 2 / width) \((y1 + y2) / 2 / height) \((x2 - x1) / width) \((y2 - y1) / height)"
      try work.write(Array(line.utf8), to: "set/labels/p\(index).txt")
    }
    try work.write(Array("classes:\n  0: background\n  1: red\n  2: green\n".utf8), to: "set/masks.yaml")
    try work.write(Array("red\ngreen\n".utf8), to: "set/classes.txt")
  }

  /// Heads are trained on every backbone, with and without its blocks; missing blocks are refused in one line.
  @Test(arguments: ["mobilenet-v1", "shufflenet"]) func headsLearnOnOtherBackbones(network: String) throws {
    let work = try Workplace()
    try makeData(work)
    try makeBoxes(work)
    let open = try ModelFile.open(path: "\(work.models)/tiny-segmenter.safetensors")
    var card = open.card
    card.name = "tiny"
    card.task = .features
    card.segmentation = nil
    card.backbone.network = network
    card.backbone.groups = network == "shufflenet" ? 3 : nil
    card.backbone.outputStride = 32
    let layout = NetworkLayout(card.backbone)
    try ModelFile.write(
      card: card, weights: .random(layout.graph.parameters, seed: 5), to: "\(work.models)/tiny.safetensors")
    func train(_ words: String) throws -> Ending {
      let all = "train \(words) --data set --model tiny --variants 1 --epochs 8 --batch 3 --augment none"
      return try work.run(.backbone, all.split(separator: " ").map(String.init))
    }
    func losses(_ name: String) throws -> [Double] {
      String(decoding: try work.bytes("\(name).csv"), as: UTF8.self).split(separator: "\n").dropFirst()
        .compactMap { Double($0.split(separator: ",")[2]) }
    }
    let tasks = [
      "segment --head pyramid", "segment --head deeplab", "detect", "segment --head pyramid --unfreeze block11",
      "detect --unfreeze block12",
    ]
    for (index, task) in tasks.enumerated() {
      let ending = try train("\(task) --out \(index).safetensors")
      #expect(ending.status == 0, "\(task): \(ending.errors)")
      let losses = try losses("\(index)")
      #expect(losses.last! < 0.8 * losses.first!, "\(task): \(losses)")
      let program = task.hasPrefix("detect") ? Program.detect : .segment
      let run = try work.run(
        program,
        ["set/images/p0.png", "--model", "./\(index).safetensors"]
          + (program == .segment ? ["--out", "mask\(index).png"] : []))
      #expect(run.status == 0, "\(task): \(run.errors)")
    }
    let ending = try train("segment --unfreeze block16 --out no.safetensors")
    let last = network == "shufflenet" ? 15 : 12
    #expect(ending.status == 2 && ending.errors.contains("block1 to block\(last)"), "\(ending.errors)")
    #expect(ending.errors.split(separator: "\n").count == 1)
  }

  @Test func aDetectorLearnsAndRuns() throws {
    let work = try Workplace()
    try makeData(work)
    try makeBoxes(work)
    func train(_ out: String, _ more: String) throws -> Ending {
      let words =
        "train detect --data set --model tiny-detector --out \(out).safetensors --variants 2 --epochs 30 --batch 4 "
        + "--augment none --rate 0.01 --averaging 0 \(more)"
      return try work.run(.backbone, words.split(separator: " ").map(String.init))
    }
    for more in ["--from-scratch --threads 1", "--from-scratch --threads 3 --name found0", "--loss focal"] {
      let out = "found\(more.contains("focal") ? 2 : more.contains("name") ? 1 : 0)"
      let ending = try train(out, more)
      #expect(ending.status == 0, "\(ending.errors)")
      #expect(ending.output.contains("AP50") && ending.output.contains("on 3 pictures kept apart"))
    }
    #expect(try work.bytes("found0.safetensors") == work.bytes("found1.safetensors"))
    let log = String(decoding: try work.bytes("found0.csv"), as: UTF8.self).split(separator: "\n")
    #expect(log.first == "step,epoch,loss,rate,estimated_ap50,ap50")
    let losses = log.dropFirst().compactMap { Double($0.split(separator: ",", omittingEmptySubsequences: false)[2]) }
    #expect(losses.last! < 0.7 * losses[0], "\(losses)")
    let found = try work.run(
      .detect, ["set/images/p1.png", "--model", "./found0.safetensors", "--score", "0.05", "--format", "csv"])
    #expect(found.status == 0, "\(found.errors)")
    let refused = try train("none", "--classes cow")
    #expect(refused.status == 1)
    #expect(refused.errors.contains("cow"), "\(refused.errors)")
  }

  /// One model is trained on another one's outputs for most pictures, as probabilities and as masks in files.
  @Test func aModelTeachesAnother() throws {
    let work = try Workplace()
    try makeData(work)
    let learned = try work.run(.backbone, arguments("teacher", "--epochs 25 --augment none"))
    #expect(learned.status == 0, "\(learned.errors)")
    let pictures = (0..<12).map { "set/images/p\($0).png" }
    let maps = try work.run(.segment, pictures + ["--model", "./teacher.safetensors", "--out", "maps/"])
    #expect(maps.status == 0, "\(maps.errors)")
    // Four masks remain, the first one for validation.
    for index in 4..<12 { try work.remove("set/masks/p\(index).png") }
    for teacher in ["./teacher.safetensors", "maps"] {
      let ending = try work.run(
        .backbone, arguments("student", "--epochs 25 --augment none --hold-out every:4 --teacher \(teacher)"))
      #expect(ending.status == 0, "\(ending.errors)")
      #expect(ending.output.contains("11 pictures x 3"), "\(ending.output)")
      #expect(ending.output.contains("on 1 pictures kept apart") || ending.output.contains("on 1 picture kept apart"))
      let log = String(decoding: try work.bytes("student.csv"), as: UTF8.self).split(separator: "\n")
      let losses = log.dropFirst().compactMap { Double($0.split(separator: ",", omittingEmptySubsequences: false)[2]) }
      #expect(losses.last! < 0.7 * losses[0], "\(losses)")
    }
    let plain = try work.run(.backbone, arguments("plain", "--hold-out every:4"))
    #expect(plain.output.contains("3 pictures x 3"), "\(plain.output)")
    for (words, part) in [
      ("--teacher tiny-detector", "tiny-detector"), ("--teacher missing", "missing"),
      ("--teacher tiny-segmenter", "does not know red, green"),
      ("--teacher maps --teacher-weight 2", "--teacher-weight"),
    ] {
      let refused = try work.run(.backbone, arguments("no", words))
      #expect(refused.status != 0 && refused.errors.contains(part), "\(words): \(refused.errors)")
      #expect(!(try work.contents().keys.contains("here/no.safetensors")))
    }
  }

  /// A detector's boxes are ground truth where the files have none.
  @Test func aDetectorTeachesAnother() throws {
    let work = try Workplace()
    try makeData(work)
    try makeBoxes(work)
    let words =
      "train detect --data set --model tiny-detector --variants 2 --epochs 30 --batch 4 --augment none --rate 0.01 "
      + "--averaging 0 --from-scratch"
    func train(_ out: String, _ more: String = "") throws -> Ending {
      try work.run(.backbone, "\(words) --out \(out).safetensors \(more)".split(separator: " ").map(String.init))
    }
    let first = try train("teacher")
    #expect(first.status == 0, "\(first.errors)")
    // Most pictures lose their boxes: an empty file means that there are no objects.
    for index in 3..<11 { try work.write([], to: "set/labels/p\(index).txt") }
    let taught = try train("student", "--teacher ./teacher.safetensors --teacher-score 0.2")
    #expect(taught.status == 0, "\(taught.errors)")
    let alone = try train("alone")
    #expect(alone.status == 0, "\(alone.errors)")
    #expect(try work.bytes("student.csv") != work.bytes("alone.csv"))
    for (more, part) in [
      ("--teacher set/images", "expected a detector"), ("--teacher tiny-segmenter", "tiny-segmenter"),
      ("--teacher tiny-detector", "does not know"), ("--teacher tiny-detector --teacher-score 2", "--teacher-score"),
    ] {
      let refused = try train("no", more)
      #expect(refused.status != 0 && refused.errors.contains(part), "\(more): \(refused.errors)")
    }
  }

  @Test func aHeadAloneIsOpenedWithItsBase() throws {
    let work = try Workplace()
    try makeData(work)
    let ending = try work.run(.backbone, arguments("head", "--only-learned --gate 0.3"))
    #expect(ending.status == 0, "\(ending.errors)")
    let whole = try work.run(.backbone, arguments("whole"))
    #expect(whole.status == 0, "\(whole.errors)")
    let contents = try work.contents()
    #expect(contents["here/head.safetensors"]! * 2 < contents["here/whole.safetensors"]!)
    let mask = try work.run(.segment, ["a.png", "--model", "./head.safetensors", "--out", "mask.png"])
    #expect(mask.status == 0, "\(mask.errors)")
    // Opened without its base, and with another model of the base's name.
    let missing = try work.run(
      .segment, ["a.png", "--model", "./head.safetensors", "--out", "n.png"],
      environment: ["BACKBONE_MODELS": work.here])
    #expect(missing.status == 3)
    #expect(missing.errors.contains("tiny-detector"))
    var bytes = try work.bytes("../models/tiny-detector.safetensors")
    let header = (0..<8).reduce(0) { $0 | Int(bytes[$1]) << (8 * $1) }
    // The last bit of a weight of the first block.
    bytes[8 + header + 40] ^= 1
    try work.write(bytes, to: "../models/tiny-detector.safetensors")
    let other = try work.run(.segment, ["a.png", "--model", "./head.safetensors", "--out", "n.png"])
    #expect(other.status == 3)
    #expect(other.errors.contains("other weights"), "\(other.errors)")
  }

  @Test("a killed run resumes to bitwise equal weights", arguments: [SIGKILL, SIGTERM, SIGINT])
  func killedRunsGoOn(signal: Int32) throws {
    let work = try Workplace()
    try makeData(work)
    let whole = try work.run(.backbone, arguments("whole", "--threads 2"))
    #expect(whole.status == 0, "\(whole.errors)")
    let expected = try work.bytes("whole.safetensors")
    var random = SplitMix64(seed: UInt64(signal))
    var kills = 0
    for _ in 0..<60 {
      let child = try Child(
        .backbone, arguments("whole2", "--name whole --checkpoint-every 0 --resume --threads \(1 + kills % 3)"),
        in: work)
      usleep(UInt32(random.integer(in: 20_000...250_000)))
      child.send(signal)
      let ending = try child.wait()
      if ending.status == 0 { break }
      #expect(ending.status == 128 + signal || signal == SIGKILL, "\(ending.errors)")
      kills += 1
    }
    // If every run was killed before its end, the last one may finish.
    let last = try work.run(.backbone, arguments("whole2", "--name whole --checkpoint-every 0 --resume"))
    #expect(last.status == 0, "\(last.errors)")
    #expect(kills > 0, "nothing was killed")
    #expect(try work.bytes("whole2.safetensors") == expected, "after \(kills) kills")
    #expect(try work.strays().isEmpty)
  }

  @Test func aCheckpointOfOtherSettingsIsRefused() throws {
    let work = try Workplace()
    try makeData(work)
    let child = try Child(.backbone, arguments("head", "--epochs 2000 --checkpoint-every 0"), in: work)
    for _ in 0..<600 {
      if try work.contents()["here/head.checkpoint"] != nil { break }
      usleep(20_000)
    }
    child.send(SIGTERM)
    #expect(try child.wait().status == 128 + SIGTERM)
    let ending = try work.run(.backbone, arguments("head", "--epochs 2000 --rate 0.5 --resume"))
    #expect(ending.status == 3)
    #expect(ending.errors.contains("schedule was"), "\(ending.errors)")
  }

  @Test(arguments: [
    ("--data nothing", 1, "nothing"),
    ("--epochs 0", 2, "--epochs"), ("--unfreeze block99", 2, "block1 to block16"), ("--unfreeze block0", 2, "block1"),
    ("--hold-out every:1", 1, "every:N"),
    ("--levels block16,nowhere --widths 8", 3, "nowhere"), ("--classes cow", 1, "cow"), ("--batch 500", 1, "--batch"),
    ("--class-weights 1,2", 2, "3 numbers"), ("--gate 0.5", 2, "--only-learned"), ("--model nowhere", 3, "nowhere"),
    ("--cache-limit 1 --variants 500", 1, "--cache-limit"), ("--levels block16 --widths ,", 2, "2 to 16 taps"),
    ("--size 2048 --batch 1024", 2, "--batch 1024"),
  ]) func whatCannotBeIsToldInOneLine(words: String, status: Int32, text: String) throws {
    let work = try Workplace()
    try makeData(work, count: 4)
    let before = try work.contents()
    var words = words
    var all = arguments("head")
    if words.hasPrefix("--data") {
      all[3] = "nothing"
      words = ""
    }
    let ending = try work.run(.backbone, all + words.split(separator: " ").map(String.init))
    #expect(ending.status == status, "\(ending.errors)")
    #expect(ending.errors.contains(text), "\(ending.errors)")
    #expect(ending.output.isEmpty)
    let left = try work.contents().filter { before[$0.key] == nil && !$0.key.hasSuffix(".features") }
    #expect(left.isEmpty, "\(left)")
  }
}

import TestSupport
import Testing

/// `backbone import` on a checkpoint with timm's names, whose values are a formula of the names.
@Suite struct ImportTests {
  /// The tensors of timm's `mobilenetv2_035`, as listed in the golden of its features.
  struct Checkpoint: Decodable {
    var tensors: [FormulaWeights.Tensor]
    let counters: [String]

    func write(to work: Workplace, _ name: String) throws {
      try work.write(FormulaWeights(tensors: tensors, counters: counters).safetensors(), to: name)
    }
  }

  static func checkpoint() throws -> Checkpoint { try Golden.load("pytorch_timm_035.json") }

  let work: Workplace
  let good: Checkpoint

  init() throws {
    work = try Workplace()
    good = try Self.checkpoint()
  }

  @Test("a valid checkpoint becomes a model that works by name or by path")
  func success() throws {
    try good.write(to: work, "net.safetensors")
    let out = try work.run(
      .backbone, "import", "net.safetensors", "--out", "model.safetensors", "--licence", "MIT", "--name", "my-net")
    #expect(out.status == 0 && out.errors.isEmpty, "\(out.errors)")
    let rows = out.output.split(separator: "\n").map { $0.split(separator: " ").joined(separator: " ") }
    let parameters = good.tensors.filter { $0.shape.count != 1 || $0.name == "classifier.bias" }.reduce(0) {
      $0 + $1.shape.reduce(1, *)
    }
    // Each batch norm's four vectors become one bias.
    let biases = good.tensors.filter { $0.name.hasSuffix("running_mean") }.reduce(0) { $0 + $1.shape[0] }
    #expect(rows.contains("model my-net") && rows.contains("family timm") && rows.contains("licence MIT"), "\(rows)")
    #expect(rows.contains("parameters \(parameters + biases)"), "\(rows)")
    #expect(rows.contains("tensors \(good.tensors.count) used, \(good.counters.count) not needed"), "\(rows)")
    #expect(rows.contains("file model.safetensors"))

    let installed = try work.run(.backbone, "import", "net.safetensors")
    #expect(installed.status == 0, "\(installed.errors)")
    let expected = ["here/model.safetensors", "models/net.safetensors", "models/net.safetensors.sha256"]
    #expect(try Set(work.contents().keys).isSuperset(of: expected))
    for model in ["./model.safetensors", "net"] {
      let ending = try work.run(
        .backbone, "features", "a.png", "--model", model, "--tap", "last", "--out", "\(model.count).npy")
      #expect(ending.status == 0 && ending.output.contains("1280"), "\(ending.errors)")
    }
    #expect(try work.bytes("3.npy") == work.bytes("19.npy"))
    // A classifier is refused by detect, with its task.
    try work.expect(FailureCase(.detect, "a.png --model net", 3, "the model's task is classify, expected detect"))
  }

  @Test("class names are stored, and a wrong number is refused")
  func labels() throws {
    try good.write(to: work, "net.safetensors")
    try work.write(Array((0..<10).map { "thing \($0)\n" }.joined().utf8), to: "names.txt")
    let ending = try work.run(.backbone, "import", "net.safetensors", "--labels", "names.txt")
    #expect(ending.status == 0, "\(ending.errors)")
    #expect(try work.run(.backbone, "models", "info", "net").output.contains("9 thing 9\n"))
    try work.write(Array("one\ntwo\n".utf8), to: "names.txt")
    try work.expect(
      FailureCase(
        .backbone, "import net.safetensors --labels names.txt", 2, "names.txt: has 2 class names, expected 10; write"))
    try work.write([0xFF, 0xFE, 0x0A], to: "names.txt")
    try work.expect(FailureCase(.backbone, "import net.safetensors --labels names.txt", 2, "names.txt: is not UTF-8"))
  }

  @Test("a tensor that is missing, left over or of the wrong shape is reported")
  func refusals() throws {
    func refuse(_ words: String..., change: (inout Checkpoint) -> Void) throws {
      var bad = good
      change(&bad)
      try bad.write(to: work, "bad.safetensors")
      for out in [[], ["--out", "o.safetensors"]] {
        try work.expect(FailureCase(.backbone, ["import", "bad.safetensors"] + out, 3, ["bad.safetensors: "] + words))
      }
    }
    try refuse("blocks.3.1.conv_dw.weight") { $0.tensors.removeAll { $0.name == "blocks.3.1.conv_dw.weight" } }
    try refuse("blocks.3.1.bn2.running_var", "conv_head.weight") {
      $0.tensors.removeAll { ["blocks.3.1.bn2.running_var", "conv_head.weight"].contains($0.name) }
    }
    try refuse("blocks.7.0.extra.weight") { $0.tensors.append(.init(name: "blocks.7.0.extra.weight", shape: [3])) }
    try refuse("blocks.2.1.conv_pwl.weight", "[17, 96, 1, 1]", "[16, 96, 1, 1]") {
      let index = $0.tensors.firstIndex { $0.name == "blocks.2.1.conv_pwl.weight" }!
      $0.tensors[index] = .init(name: "blocks.2.1.conv_pwl.weight", shape: [17, 96, 1, 1])
    }
  }

  @Test(
    "anything but a checkpoint is refused",
    arguments: [
      FailureCase(.backbone, "import no.pb", 3, "no.pb: cannot open the file: No such file"),
      FailureCase(.backbone, "import folder", 3, "folder: is a directory"),
      FailureCase(.backbone, "import a.png", 3, "a.png: at byte 0 it is neither a TensorFlow frozen graph, "),
      FailureCase(.backbone, "import empty.pb", 3, "empty.pb: "),
      FailureCase(.backbone, "import cut.safetensors", 3, "cut.safetensors: "),
      FailureCase(.backbone, "import net.safetensors --out no/m.safetensors", 4, "no/m.safetensors: cannot write"),
      FailureCase(.backbone, "import net.safetensors --out folder", 4, "folder: is a directory"),
      FailureCase(.backbone, "import net.safetensors --out /dev/full", 4, "No space left on device"),
      FailureCase(.backbone, "import net.safetensors --out net.safetensors", 2, "would replace an input"),
    ])
  func unusable(one: FailureCase) throws {
    try good.write(to: work, "net.safetensors")
    try work.write(Array(work.bytes("net.safetensors").dropLast(1000)), to: "cut.safetensors")
    try work.write([], to: "empty.pb")
    try work.expect(one)
  }

  @Test("a checkpoint in the folder of models is not replaced by its model")
  func checkpointAmongModels() throws {
    try good.write(to: work, "../models/net.safetensors")
    try work.expect(FailureCase(.backbone, "import ../models/net.safetensors", 2, "would replace an input; choose"))
    let ending = try work.run(.backbone, "import", "../models/net.safetensors", "--name", "net-2")
    #expect(ending.status == 0, "\(ending.errors)")
  }

  @Test("a model that cannot be installed is an output failure")
  func unwritableStore() throws {
    try good.write(to: work, "net.safetensors")
    try work.picture("folder/a.png", 40, 40)
    // A file in the place of a folder, or a folder in the place of a file.
    for models in ["a.png", "a.png/models", "/proc/models"] {
      try work.expect(
        FailureCase(.backbone, "import net.safetensors", 4, "cannot write the file: "),
        environment: ["BACKBONE_MODELS": models])
    }
    let made = try work.run(.detect, "c.png", "--model", "tiny-detector", "--out", "../models/net.safetensors/")
    #expect(made.status == 0, "\(made.errors)")
    try work.expect(FailureCase(.backbone, "import net.safetensors", 4, "net.safetensors: is a directory"))
  }
}

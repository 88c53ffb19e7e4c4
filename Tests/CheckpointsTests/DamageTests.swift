import Checkpoints
import Files
import TestSupport
import Testing

/// Truncated and changed files give an error or a model, never a crash.
@Suite struct DamageTests {
  private func isRefused(_ bytes: [UInt8]) throws -> Bool {
    let file = try MappedFile(path: "damaged", copying: bytes)
    do {
      _ = try Importer.importCheckpoint(file)
      return false
    } catch { return true }
  }

  /// A graph with one repeated value per constant, so that almost every byte of it has a meaning.
  static let graph: [UInt8] = {
    var builder = GraphBuilder.classifier(outputs: 2)
    for i in builder.graph.nodes.indices where builder.graph.nodes[i].op == "Const" {
      guard let packed = builder.graph.nodes[i].attributes["value"]?.tensor, packed.type == 1 else { continue }
      var tensor = TFTensorValue()
      tensor.type = 1
      tensor.shape = packed.shape
      tensor.floats = [0.5]
      builder.graph.nodes[i].attributes["value"] = GraphBuilder.attribute { $0.tensor = tensor }
    }
    return try! builder.bytes()
  }()
  static let model = TFLiteBuilder.classifier(size: 33, outputs: 2).file()
  static let tensors = TorchCheckpoints.torchvision(outputs: nil).safetensors()

  static let files: [(name: String, bytes: [UInt8], meaningful: Int)] = [
    ("graph", graph, graph.count), ("tflite", model, 60_000),
    ("safetensors", tensors, 8 + Int(tensors[0]) + Int(tensors[1]) << 8 + Int(tensors[2]) << 16),
  ]

  @Test func whatIsDamagedBelowIsWholeToBeginWith() throws {
    for file in DamageTests.files { #expect(try !isRefused(file.bytes), "\(file.name)") }
  }

  @Test(arguments: files.indices) func everyPrefixIsRefused(index: Int) throws {
    let (name, bytes, meaningful) = DamageTests.files[index]
    var random = SplitMix64(seed: 5)
    // Every length at the beginning and the end, and a sample between: the cost of a prefix is proportional to its
    // length.
    var lengths = Set(0..<200).union(bytes.count - 40..<bytes.count)
    for _ in 0..<80 { lengths.insert(random.integer(in: 0...meaningful)) }
    for _ in 0..<40 { lengths.insert(random.integer(in: 0...bytes.count - 1)) }
    // Without the fields behind the nodes, everything that is imported is still present.
    if name == "graph" { lengths.remove(bytes.count - GraphBuilder.versions.count) }
    for length in lengths.sorted() {
      #expect(try isRefused(Array(bytes[..<length])), "the first \(length) bytes of the \(name)")
    }
  }

  @Test(arguments: files.indices) func changedBytesNeverCrash(index: Int) throws {
    let (name, bytes, meaningful) = DamageTests.files[index]
    let rounds = 100
    var random = SplitMix64(seed: 6)
    var refused = 0
    for _ in 0..<rounds {
      var changed = bytes
      for _ in 0..<random.integer(in: 1...8) {
        let place = random.integer(in: 0...min(meaningful, bytes.count) - 1)
        changed[place] = [0, 0xff, 0x7f, 0x80, UInt8(truncatingIfNeeded: random.next())][random.integer(in: 0...4)]
      }
      if try isRefused(changed) { refused += 1 }
    }
    print("\(name): \(refused) of \(rounds) changed files refused, seed 6")
    #expect(refused > rounds / 3)
  }
}

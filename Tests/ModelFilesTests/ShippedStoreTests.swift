import Files
import ModelFiles
import TestSupport
import Testing

/// A store with shipped models.
@Suite struct ShippedStoreTests {
  private static func shipped(_ card: ModelCard, _ weights: Weights, _ folder: String) throws -> ShippedModel {
    let path = "\(folder)/shipped-\(card.name).safetensors"
    try ModelFile.write(card: card, weights: weights, to: path)
    let bytes = try MappedFile(path: path, limit: 1 << 20)
    return ShippedModel(file: try MappedFile(path: card.name, copying: bytes.array(at: 0, count: bytes.count)!))
  }

  /// A head with `b` from `tiny`.
  private static func head(on base: Weights) -> (card: ModelCard, weights: Weights) {
    var card = Fixtures.card
    card.name = "head"
    card.base = BaseModel(name: "tiny", tensors: ["b"], checksum: base.checksum(of: ["b"]))
    return (card, Weights(source: "test", tensors: ["mine": ([1], [7])]))
  }

  private static let other = Weights(source: "test", tensors: ["a": ([1], [1]), "b": ([2, 3], [0, 2, 3, 4, 5, 6])])

  @Test("an installed model has precedence over a shipped one of the same name")
  func installedFirst() throws {
    try TestData.withTemporaryFolder { folder in
      let store = ModelStore(
        folder: "\(folder)/models", shipped: [try Self.shipped(Fixtures.card, Fixtures.weights, folder)])
      #expect(try store.open("tiny").weights.values("a", shape: [1]) == [-0.5])
      let error = #expect(throws: ModelStoreError.self) { try store.find("tiny") }
      #expect(error?.remedy == .writeShipped("tiny"))
      try store.install(card: Fixtures.card, weights: Self.other)
      #expect(try store.open("tiny").weights.values("a", shape: [1]) == [1])
    }
  }

  @Test("a head's base is the model that it was trained on, installed or shipped")
  func base() throws {
    try TestData.withTemporaryFolder { folder in
      let (card, weights) = Self.head(on: Fixtures.weights)
      let parts = [try Self.shipped(Fixtures.card, Fixtures.weights, folder), try Self.shipped(card, weights, folder)]
      let store = ModelStore(folder: "\(folder)/models", shipped: parts)
      func joined() throws -> [Float] { try store.open("head").weights.values("b", shape: [2, 3]) }
      #expect(try joined() == [1, 2, 3, 4, 5, 6])
      // Another model of the base's name is not used.
      try store.install(card: Fixtures.card, weights: Self.other)
      #expect(try joined() == [1, 2, 3, 4, 5, 6])
      // A head on the installed model uses that one.
      let (mine, tensors) = Self.head(on: Self.other)
      try store.install(card: mine, weights: tensors)
      #expect(try joined() == [0, 2, 3, 4, 5, 6])
    }
  }

  @Test("if no model of the base's name fits, the message has the installed one")
  func neither() throws {
    try TestData.withTemporaryFolder { folder in
      let strange = Weights(source: "test", tensors: ["b": ([2, 3], [9, 2, 3, 4, 5, 6])])
      let (card, weights) = Self.head(on: strange)
      let store = ModelStore(
        folder: "\(folder)/models", shipped: [try Self.shipped(Fixtures.card, Fixtures.weights, folder)])
      let path = try store.install(card: card, weights: weights)
      #expect(throws: ModelStoreError.otherBase(path: path, base: "tiny")) {
        try store.open("head")
      }
      let installed = try store.install(card: Fixtures.card, weights: Self.other)
      #expect(throws: ModelStoreError.otherBase(path: path, base: installed)) { try store.open("head") }
    }
  }

  @Test("a head trained on fp32 weights fits a base in fp16 if both are converted")
  func precisions() throws {
    try TestData.withTemporaryFolder { folder in
      let base = Weights(source: "test", tensors: ["a": ([1], [0.1]), "b": ([2, 3], [0.1, 0.2, 0.3, 0.4, 0.5, 0.6])])
      let (card, weights) = Self.head(on: base)
      let store = ModelStore(folder: "\(folder)/models")
      try store.install(card: Fixtures.card, weights: base)
      try store.install(card: card, weights: weights)
      let whole = try store.open("head")
      let half = ModelStore(folder: "\(folder)/half")
      try Folder.make(half.folder)
      let (headCard, own) = whole.stored(as: .fp16)
      #expect(own.entries.keys.sorted() == ["mine"])
      try ModelFile.write(card: Fixtures.card, weights: base, to: half.path(of: "tiny"), precision: .fp16)
      try ModelFile.write(card: headCard, weights: own, to: half.path(of: "head"), precision: .fp16)
      let found = try half.open("head").weights.values("b", shape: [2, 3])
      #expect(found == [0.1, 0.2, 0.3, 0.4, 0.5, 0.6].map { Float(Float16($0)) })
      // The head on the fp32 base does not fit this base.
      try ModelFile.write(card: card, weights: weights, to: half.path(of: "head"))
      #expect(throws: ModelStoreError.self) { try half.open("head") }
    }
  }
}

import Files
import ModelFiles
import TestSupport
import Testing

@Suite struct ModelStoreTests {
  @Test func anInstalledModelIsFoundListedAndVerified() throws {
    try TestData.withTemporaryFolder { folder in
      let store = ModelStore(folder: "\(folder)/not/there/yet")
      #expect(try store.installed() == [])
      let path = try store.install(card: Fixtures.card, weights: Fixtures.weights)
      #expect(path == store.path(of: "tiny"))
      #expect(try store.installed() == ["tiny"])
      #expect(try store.find("tiny") == path)
      #expect(try store.open("tiny").card == Fixtures.card)
      #expect(try Folder.names(in: store.folder) == ["tiny.safetensors", "tiny.safetensors.sha256"])
      let record = try MappedFile(path: store.recordPath(of: "tiny"), limit: 1000)
      let text = String(decoding: record.array(at: 0, count: record.count)!, as: UTF8.self)
      #expect(text == "\(try store.verify("tiny"))  tiny.safetensors\n")
    }
  }

  @Test func aChangedModelIsNoticed() throws {
    try TestData.withTemporaryFolder { folder in
      let store = ModelStore(folder: folder)
      let path = try store.install(card: Fixtures.card, weights: Fixtures.weights)
      let expected = try store.verify("tiny")
      let file = try MappedFile(path: path, limit: 1 << 20)
      var bytes = file.array(at: 0, count: file.count)!
      bytes[bytes.count - 1] ^= 1
      try AtomicFile.write(bytes, to: path)
      let found = SHA256.hexDigest(of: bytes)
      #expect(throws: ModelStoreError.changed(path: path, expected: expected, found: found)) {
        try store.verify("tiny")
      }
    }
  }

  @Test(arguments: [
    "", "tiny.safetensors", String(repeating: "g", count: 64) + "  tiny.safetensors\n",
    String(repeating: "0", count: 64) + "  other.safetensors\n",
    String(repeating: "0", count: 63) + "  tiny.safetensors\n",
  ])
  func aRecordThatSaysNothingIsNoProof(text: String) throws {
    try TestData.withTemporaryFolder { folder in
      let store = ModelStore(folder: folder)
      try store.install(card: Fixtures.card, weights: Fixtures.weights)
      let record = store.recordPath(of: "tiny")
      try AtomicFile.write(Array(text.utf8), to: record)
      #expect(throws: ModelStoreError.noRecord(path: record, name: "tiny")) { try store.verify("tiny") }
    }
  }

  @Test func aMissingModelComesWithItsRemedy() throws {
    try TestData.withTemporaryFolder { folder in
      let store = ModelStore(folder: folder)
      let error = #expect(throws: ModelStoreError.self) { try store.find("person-ssdlite") }
      #expect(
        error?.description
          == "person-ssdlite: no model of this name in \(folder), none is installed; fetch person-ssdlite")
      #expect(error?.remedy == .fetch(["person-ssdlite"]))
      try store.install(card: Fixtures.card, weights: Fixtures.weights)
      let other = #expect(throws: ModelStoreError.self) { try store.open("something") }
      #expect(other == .notInstalled(name: "something", folder: folder, installed: ["tiny"]))
      let text = try #require(other).description
      #expect(text.contains("tiny is installed"))
      for known in KnownModel.all { #expect(text.contains(known.name)) }
      #expect(!text.contains("\n"))
    }
  }

  @Test func pathsAreTakenAsTheyAre() throws {
    let store = ModelStore(folder: "/nowhere")
    #expect(try store.find("./person") == "./person")
    #expect(try store.find("person.safetensors") == "person.safetensors")
    #expect(throws: ModelStoreError.model(.file(.cannotOpen(path: "/nowhere/else", errno: 2)))) {
      try store.open("/nowhere/else")
    }
  }

  @Test(arguments: ["", ".", "..", "-x", ".hidden", "a b", "a/b", "ä", "a\n", String(repeating: "a", count: 101)])
  func improperNamesAreRefused(name: String) {
    #expect(!ModelStore.isName(name))
  }

  @Test func properNamesAreAccepted() {
    for known in KnownModel.all { #expect(ModelStore.isName(known.name)) }
    #expect(ModelStore.isName("A.b_c-1"))
  }
}

import Checkpoints
import Files
import ModelFiles
import TestSupport
import Testing

/// The names of classifiers' outputs after an import.
@Suite struct ClassNameTests {
  /// Imports a classifier of three outputs with a configuration file beside it.
  private func imported(_ config: String?, _ overrides: ImportOverrides = ImportOverrides()) throws -> ModelCard {
    try TestData.withTemporaryFolder { folder in
      let path = "\(folder)/model.safetensors"
      try AtomicFile.write(TorchCheckpoints.timm(outputs: 3).safetensors(), to: path)
      if let config { try AtomicFile.write(Array(config.utf8), to: "\(folder)/config.json") }
      return try Importer.importCheckpoint(path: path, overrides: overrides).card
    }
  }

  private func names(_ card: ModelCard) -> [String] {
    card.labels.map { "\($0.output) \($0.id) \($0.name)" }
  }

  @Test func theFileBesideNamesThem() throws {
    #expect(names(try imported(nil)).isEmpty)
    #expect(names(try imported(#"{"num_classes": 3}"#)).isEmpty)
    #expect(names(try imported(#"{"id2label": {"2": "c", "0": "a"}, "depth": {"x": [1]}}"#)) == ["0 0 a", "2 2 c"])
    #expect(names(try imported(#"{"label_names": ["a", "b", "c"]}"#)) == ["0 0 a", "1 1 b", "2 2 c"])
    // Hugging Face's placeholders for classes without names.
    #expect(names(try imported(#"{"id2label": {"0": "LABEL_0", "1": "LABEL_1", "2": "LABEL_2"}}"#)).isEmpty)
  }

  @Test func namesThatAreGivenCount() throws {
    let overrides = ImportOverrides(classes: ["x", "y", "z"])
    #expect(names(try imported(#"{"id2label": {"0": "a"}}"#, overrides)) == ["0 0 x", "1 1 y", "2 2 z"])
    // With too few names their outputs are unknown.
    #expect(try imported(nil, ImportOverrides(classes: ["x", "y"])).labels.isEmpty)
  }

  @Test(arguments: [
    (#"{"id2label": {"3": "d"}}"#, "the key 3"), (#"{"id2label": {"one": "d"}}"#, "the key one"),
    (#"{"id2label": {"0": 5}}"#, "the key 0"), (#"{"label_names": ["a"]}"#, "1 names"), ("{", "no proper JSON"),
  ]) func aFileOfAnotherModelIsRefused(config: String, words: String) {
    let error = #expect(throws: CheckpointError.self) { try imported(config) }
    #expect(error?.description.contains(words) == true, "\(error?.description ?? "")")
    #expect(error?.description.contains("config.json") == true)
  }

  @Test func imageNetsNamesGoBehindTheBackground() throws {
    let thousand = (0..<1000).map { "n\($0)" }
    #expect(ClassNames.classifier(outputs: 1000, named: thousand)?[285].name == "n285")
    let behind = try #require(ClassNames.classifier(outputs: 1001, named: thousand))
    #expect(behind.count == 1001 && behind[0].name == "background" && behind[286].name == "n285")
    #expect(ClassNames.classifier(outputs: 11, named: Array(thousand.prefix(10))) == nil)
  }
}

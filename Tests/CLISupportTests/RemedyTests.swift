import CLISupport
import Files
import ModelFiles
import Testing

/// Remedies in terms of the command line are flags and commands; in the libraries they are properties.
@Suite struct RemedyTests {
  @Test func limitsAreFlags() {
    #expect(Limits.Name.ancillaryBytes.flag == "--max-ancillary-bytes")
    #expect(Limits.Name.pixels.flag == "--max-pixels")
    let excess = LimitExcess(limit: .fileBytes, allowed: 5, found: 6)
    let error = FileError.limit(path: "a.png", excess)
    #expect(
      error.description
        == "a.png: has 6 bytes in the file, the limit is 5; raise Limits.fileBytes if you trust the file")
    #expect(
      told(error) == "a.png: has 6 bytes in the file, the limit is 5; raise --max-file-bytes if you trust the file")
  }

  @Test func modelsComeWithTheCommandThatGetsThem() {
    func error(_ name: String, isShipped: Bool = false) -> ModelStoreError {
      .notInstalled(name: name, folder: "/m", installed: [], isShipped: isShipped)
    }
    #expect(told(error("deeplab-voc")).hasSuffix("; get it with `backbone models fetch deeplab-voc`"))
    #expect(
      told(error("mine")).contains("`backbone models fetch person-ssdlite` or `backbone models fetch deeplab-voc`"))
    #expect(told(error("x", isShipped: true)).contains("`backbone models convert x --out FILE`"))
    #expect(told(ModelStoreError.noFolder) == ModelStoreError.noFolder.description)
  }

  @Test func librariesNameNoFlag() {
    let remedies: [Remedy] =
      Limits.Name.allCases.map(Remedy.raise) + [
        .importCheckpoint, .nameClasses, .fetch(["a", "b"]), .fetchFromFile("a"), .writeShipped("a"), .otherModel,
        .smallerBatch,
        .smallerCache, .trainAnew,
      ]
    for remedy in remedies {
      #expect(!remedy.description.contains("--") && !remedy.description.contains("`"), "\(remedy)")
    }
  }
}

import Checkpoints
import Files
import ModelFetch
import ModelFiles
import TestSupport
import Testing

@Suite struct ModelFetcherTests {
  static let segmenter = "models/deeplabv3_257_mv_gpu.tflite"

  @Test(.enabled(if: TestData.has(segmenter), "needs the development data"))
  func aLocalCopyOfThePublishedFileIsConverted() throws {
    try TestData.withTemporaryFolder { folder in
      let fetcher = ModelFetcher(store: ModelStore(folder: folder + "/models"))
      let file = try #require(TestData.path(ModelFetcherTests.segmenter))
      let first = try fetcher.fetch("deeplab-voc", from: file)
      #expect(!first.wasInstalled)
      #expect(first.summary?.parameters == 688_357)
      let model = try fetcher.store.open("deeplab-voc")
      #expect(model.card.name == "deeplab-voc")
      #expect(model.card.provenance.licence == "Apache-2.0")
      #expect(model.card.provenance.sourceSHA256 == KnownModel.named("deeplab-voc")?.checkpointSHA256)
      try fetcher.store.verify("deeplab-voc")
      // An installed model is not downloaded again.
      let second = try fetcher.fetch("deeplab-voc")
      #expect(second.wasInstalled)
      #expect(try Folder.names(in: folder + "/models").count == 2)
    }
  }

  @Test(arguments: KnownModel.all.map(\.name)) func otherBytesAreRefused(name: String) throws {
    try TestData.withTemporaryFolder { folder in
      let file = "\(folder)/other"
      try AtomicFile.write([1, 2, 3], to: file)
      let fetcher = ModelFetcher(store: ModelStore(folder: folder + "/models"))
      let refusal = FetchError.wrongDigest(
        path: file, expected: try #require(KnownModel.named(name)).downloadSHA256,
        found: SHA256.hexDigest(of: [1, 2, 3]))
      #expect(throws: refusal) { try fetcher.fetch(name, from: file) }
      #expect(try Folder.names(in: folder + "/models") == [])
    }
  }

  @Test func missingFilesAndUnknownNamesAreNamed() throws {
    try TestData.withTemporaryFolder { folder in
      let fetcher = ModelFetcher(store: ModelStore(folder: folder))
      #expect(throws: FetchError.file(.cannotOpen(path: "/nonexistent", errno: 2))) {
        try fetcher.fetch("deeplab-voc", from: "/nonexistent")
      }
      #expect(throws: FetchError.unknownModel(name: "yolo")) { try fetcher.fetch("yolo") }
    }
  }

  @Test func aFolderThatCannotBeMadeIsNamed() {
    let fetcher = ModelFetcher(store: ModelStore(folder: "/dev/null/models"))
    #expect(throws: FetchError.file(.cannotWrite(path: "/dev/null/models", errno: 20))) {
      try fetcher.fetch("deeplab-voc", from: "/nonexistent")
    }
  }
}

import Checkpoints
import Datasets
import Files
import HostileFiles
import ImageCodecs
import ModelFiles
import TestSupport
import Testing

/// The reader's check of every limit; the message has its name, its value, the file's value, and the flag that raises
/// it.
@Suite struct LimitTests {
  private static func seed(_ format: HostileFormat, _ name: String) -> [UInt8] {
    Seed.all(format).first { $0.name == name }!.bytes
  }

  /// Files just above a limit: the reader, the file, and the file's value.
  private static let cases: [(Limits.Name, HostileFormat, String, found: Int)] = [
    (.pixels, .png, "type2-depth8", 13 * 11), (.side, .jpeg, "gray", 27), (.fileBytes, .png, "type2-depth8", 495),
    (.chunkBytes, .png, "exif-6", 0), (.ancillaryBytes, .png, "exif-6", 0),
    (.scans, .jpeg, "progressive", 2), (.headerBytes, .safetensors, "native", 0),
    (.tensors, .safetensors, "native", 3), (.tensors, .tflite, "classifier", 6), (.fields, .graph, "classifier", 2),
    (.records, .coco, "polygons", 2), (.records, .yolo, "lines", 2), (.points, .coco, "polygons", 2),
    (.elements, .voc, "challenge", 2), (.nesting, .voc, "challenge", 2), (.nesting, .coco, "polygons", 2),
  ]

  @Test(arguments: cases.indices) func limitsAreCheckedAndNamed(index: Int) throws {
    let (name, format, seed, found) = LimitTests.cases[index]
    let bytes = LimitTests.seed(format, seed)
    #expect(format.read(bytes) == .accepted)
    var limits = Limits()
    limits[name] = found > 100 ? found - 1 : 1
    guard case .refused(let words) = format.read(bytes, limits) else {
      Issue.record("\(name) \(format)")
      return
    }
    let value = limits[name]
    #expect(words.contains("the limit is \(value); raise Limits.\(name.rawValue) if you trust the file"), "\(words)")
    #expect(words.contains(found > 1 ? " has \(found) \(name.unit)" : " \(name.unit)"), "\(words)")
  }

  /// The size of a file is checked before it is mapped.
  @Test func sizesOfFilesAreChecked() throws {
    try TestData.withTemporaryFolder { folder in
      let path = "\(folder)/file.json"
      try AtomicFile.write(LimitTests.seed(.coco, "runs"), to: path)
      var limits = Limits()
      (limits.datasetBytes, limits.modelBytes) = (9, 9)
      func expect(_ flag: String, _ read: () throws -> Void) {
        let error = #expect(throws: (any Error).self) { try read() }
        let words = error.map { "\($0)" } ?? ""
        #expect(words.contains("bytes in the file, the limit is 9; raise \(flag)"), "\(words)")
      }
      expect("Limits.datasetBytes") { _ = try COCOTruth.read(path, limits: limits) }
      expect("Limits.datasetBytes") { _ = try COCOResult.read(path, limits: limits) }
      expect("Limits.modelBytes") { _ = try ModelFile.open(path: path, limits: limits) }
      expect("Limits.modelBytes") { _ = try Importer.importCheckpoint(path: path, limits: limits) }
      try Folder.make("\(folder)/images")
      try Folder.make("\(folder)/labels")
      try AtomicFile.write(LimitTests.seed(.png, "type2-depth8"), to: "\(folder)/images/a.png")
      try AtomicFile.write(LimitTests.seed(.yolo, "lines"), to: "\(folder)/labels/a.txt")
      try AtomicFile.write(Array("cat\ndog\n".utf8), to: "\(folder)/classes.txt")
      var options = Dataset.Options()
      (options.isStrict, options.format, options.limits.textBytes) = (true, .yolo, 9)
      expect("Limits.textBytes") { _ = try Dataset.open(folder, options) }
    }
  }

  @Test func everyLimitHasItsOwnFlagAndPlace() {
    var limits = Limits()
    for (value, name) in Limits.Name.allCases.enumerated() { limits[name] = value + 1 }
    for (value, name) in Limits.Name.allCases.enumerated() { #expect(limits[name] == value + 1) }
    #expect(Set(Limits.Name.allCases.map(\.rawValue)).count == Limits.Name.allCases.count)
  }
}

import HostileFiles
import TestSupport
import Testing

/// Every prefix of a file is refused, with the byte at which the file ends or becomes invalid.
///
/// These are all exceptions:
/// - data behind the end of an image (`IEND`, the marker EOI) are ignored;
/// - space behind the last element of an XML file and behind a JSON value has no meaning;
/// - a YOLO file is a list of lines: without its last lines it is still a list, and without its last digits a number is
///   still a number;
/// - a TensorFlow graph that ends between nodes is valid by its format. The field behind the nodes may be missing only
///   if all parts for an import are there; the result is then the whole file's.
@Suite struct PrefixTests {
  /// Three files of each format.
  static let names: [HostileFormat: [String]] = [
    .coco: ["polygons", "runs", "escapes"], .graph: ["classifier", "features", "segmenter"],
    .jpeg: ["gray", "progressive", "bytes-behind-the-end"],
    .png: ["type2-depth8", "type3-depth4-transparent", "bytes-behind-the-end"],
    .safetensors: ["native", "native-half", "torchvision"], .tflite: ["classifier", "even", "wide"],
    .cvat: ["images", "plain", "empty"], .labelme: ["shapes", "plain", "empty"],
    .supervisely: ["objects", "plain", "empty"],
    .voc: ["challenge", "plain", "empty"], .yolo: ["lines", "windows", "one"],
  ]

  static func seeds(_ format: HostileFormat) -> [Seed] {
    Seed.all(format).filter { names[format]!.contains($0.name) }
  }

  /// Whether a prefix is valid.
  private func mayBeAccepted(_ format: HostileFormat, _ seed: Seed, _ length: Int) -> Bool {
    let rest = seed.bytes[length...]
    let head = seed.bytes[..<length]
    switch format {
    case .coco, .cvat, .labelme, .supervisely, .voc: return rest.allSatisfy { [0x20, 0x0a].contains($0) }
    case .graph: return rest.elementsEqual([0x22, 0x02, 0x08, 0x1b]) && seed.name != "features"
    case .jpeg: return head.firstRange(of: [0xff, 0xd9]) != nil
    case .png: return head.firstRange(of: Array("IEND".utf8)).map { length >= $0.upperBound + 4 } ?? false
    case .safetensors, .tflite: return false
    case .yolo:
      let last = head.drop { $0 == 0xef || $0 == 0xbb || $0 == 0xbf }.split(separator: 0x0a).last
      let fields = (last ?? []).split { [0x20, 0x09, 0x0d].contains($0) }
      return fields.isEmpty || fields.count == 5 && Double(String(decoding: fields[4], as: UTF8.self)) ?? 0 > 0
    }
  }

  /// All lengths, but only some inside a long graph and a file's uniform weights; with BACKBONE_SOAK all.
  private func lengths(_ seed: Seed) -> [Int] {
    let count = seed.bytes.count
    if count < Soak.count("PREFIXES", short: 20_000, full: .max) { return Array(0..<count) }
    if seed.focus.count == count {
      return Set(0..<4096).union(stride(from: 4096, to: count, by: 17)).union(count - 2048..<count).sorted()
    }
    let weights = stride(from: seed.focus.upperBound, to: count, by: 997)
    return Set(0..<min(seed.focus.upperBound, count)).union(weights).union(count - 64..<count).sorted()
  }

  @Test(arguments: HostileFormat.allCases) func everyBeginningIsRefusedWithItsPlace(format: HostileFormat) throws {
    let seeds = PrefixTests.seeds(format)
    try #require(seeds.count == 3, "\(seeds.map(\.name))")
    var (refused, accepted) = (0, 0)
    for seed in seeds {
      try #require(format.read(seed.bytes) == .accepted, "\(seed.name)")
      for length in lengths(seed) {
        switch format.read(Array(seed.bytes[..<length])) {
        case .accepted:
          accepted += 1
          #expect(mayBeAccepted(format, seed, length), "\(seed.name): the first \(length) bytes are accepted")
        case .refused(let words):
          refused += 1
          #expect(words.firstRange(of: /byte [0-9]+/) != nil, "\(seed.name), \(length) bytes: \(words)")
        case .wrong(let words): Issue.record("\(seed.name), \(length) bytes: \(words)")
        }
      }
    }
    print("\(format.rawValue): \(refused) beginnings refused, \(accepted) accepted")
  }
}

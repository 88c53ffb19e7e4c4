import ImageTypes
import ImageCodecs
import Tensors
import TestSupport
import Testing

/// The mask of `segment` as decoded by other programs, its overlay, and its two formats.
@Suite struct SegmentTests {
  let work: Workplace

  init() throws { work = try Workplace() }

  private func segment(_ images: String..., options: String...) throws -> Ending {
    try work.run(.segment, images + ["--model", "tiny-segmenter"] + options)
  }

  /// Pascal VOC's colour of a class, by its definition: three bits of the id at a time, from the top.
  private static func colour(_ id: Int) -> [UInt8] {
    var rest = id
    var colour: [UInt8] = [0, 0, 0]
    for shift in stride(from: 7, through: 0, by: -1) {
      for channel in 0..<3 { colour[channel] |= UInt8((rest >> channel & 1) << shift) }
      rest >>= 3
    }
    return colour
  }

  @Test(
    "the mask is an indexed PNG of class ids in VOC's colours, at the picture's size", arguments: ["a.png", "b.png"])
  func mask(name: String) throws {
    let ending = try segment(name, options: "--out", "m.png", "--format", "json", "--overlay", "o.png")
    #expect(ending.status == 0 && ending.errors.isEmpty, "\(ending.errors)")
    let image = try work.read(name)
    let bytes = try work.bytes("m.png")
    // IHDR: width, height, 8 bits, colour type 3.
    let header = bytes[16..<26].map(Int.init)
    #expect(header[2] << 8 | header[3] == image.width && header[6] << 8 | header[7] == image.height)
    #expect(header[8] == 8 && header[9] == 3)
    let mask = try PNGDecoder.decodeIndices(bytes: bytes)
    #expect(mask.palette == (0..<256).flatMap(Self.colour))
    let shown = try ImageFile.decode(bytes: bytes)
    #expect(shown.pixels == mask.indices.flatMap { Self.colour(Int($0)) })

    let all = try JSONValue(ending.output).elements
    let one = try #require(all.first)
    #expect(all.count == 1 && one.keys == ["classes", "height", "image", "mask", "model", "overlay", "width"])
    #expect(one["mask"] == .string("m.png") && one["overlay"] == .string("o.png"))
    #expect(one["width"] == .number(Double(image.width)) && one["model"] == .string("tiny-segmenter"))
    var counts: [Int: Int] = [:]
    for id in mask.indices { counts[Int(id), default: 0] += 1 }
    let classes = try #require(one["classes"]).elements
    #expect(classes.map { $0["id"]?.double } == counts.keys.sorted().map(Double.init))
    #expect(classes.count > 1)
    for found in classes {
      #expect(found.keys == ["colour", "id", "label", "pixels", "share"])
      let id = Int(try #require(found["id"]?.double))
      #expect(found["pixels"] == .number(Double(counts[id]!)))
      let share = Double(counts[id]!) / Double(image.width * image.height)
      #expect(abs(try #require(found["share"]?.double) - share) < 1e-6)
      #expect(found["label"] == .string(id == 0 ? "background" : "class-\(id)"))
      let digits = Self.colour(id).map { String($0, radix: 16) }.map { $0.count < 2 ? "0\($0)" : $0 }.joined()
      #expect(found["colour"] == .string("#\(digits)"))
    }
    let overlay = try work.read("o.png")
    #expect(overlay.width == image.width && overlay.height == image.height && overlay != image)
  }

  @Test("the text lists each class with its fraction")
  func text() throws {
    let ending = try segment("a.png", options: "--out", "m.png")
    var counts: [Int: Int] = [:]
    for id in try PNGDecoder.decodeIndices(bytes: try work.bytes("m.png")).indices { counts[Int(id), default: 0] += 1 }
    let lines = ending.output.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
    #expect(lines[0] == ["a.png", "96x64", "tiny-segmenter", "\(counts.count)", "classes"])
    #expect(lines[1] == ["id", "class", "colour", "share", "pixels"])
    #expect(lines.last == ["mask:", "m.png"])
    for (line, (id, pixels)) in zip(lines[2...], counts.sorted { $0.key < $1.key }) {
      #expect(line[0] == "\(id)" && line[4] == "\(pixels)" && line[3].hasSuffix("%"))
      #expect(abs(try #require(Double(line[3].dropLast())) - 100 * Double(pixels) / (96 * 64)) <= 0.005001)
    }
    #expect(lines.count == counts.count + 3)
  }

  @Test("many pictures are written to a folder, including the smallest sizes")
  func folders() throws {
    try work.picture("one.png", 1, 1)
    try work.picture("row.png", 200, 1)
    let ending = try segment("a.png", "one.png", "row.png", options: "--out", "m/", "--overlay", "o/", "--quiet")
    #expect(ending.status == 0 && ending.bytes.isEmpty && ending.errors == "segment: 3 done, 0 failed\n")
    for (name, width) in [("a.png", 96), ("one.png", 1), ("row.png", 200)] {
      #expect(try work.read("m/\(name)").width == width && (try work.read("o/\(name)").width) == width)
    }
  }

  @Test("the same bits for any number of threads")
  func threads() throws {
    var masks: Set<[UInt8]> = []
    for threads in ["1", "2", "5"] {
      _ = try segment("b.png", options: "--out", "m.png", "--threads", threads)
      masks.insert(try work.bytes("m.png"))
    }
    #expect(masks.count == 1)
  }
}

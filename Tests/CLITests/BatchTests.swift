import Testing

/// A batch of a thousand pictures, one in ten of them damaged.
@Suite(.timeLimit(.minutes(5))) struct BatchTests {
  let work: Workplace

  init() throws {
    work = try Workplace()
    try work.makeFolder("many")
    let good = try ["a.png", "b.png", "c.png"].map(work.bytes)
    for index in 0..<1000 {
      var bytes = good[index % 3]
      switch index % 40 {
      case 7: bytes.removeLast(bytes.count / 2)
      case 17: bytes[bytes.count / 2] ^= 0x10
      case 27: bytes = Array("not a picture".utf8)
      case 37: bytes = []
      default: break
      }
      try work.write(bytes, to: "many/\(index).png")
    }
  }

  private func names(_ count: Int) -> [String] { (0..<count).map { "many/\($0).png" } }

  @Test("damaged pictures are reported, the others processed, and the last line counts both")
  func thousand() throws {
    let names = names(1000)
    let ending = try work.run(.detect, names + ["--model", "tiny-detector", "--format", "ndjson", "--top-k", "1"])
    #expect(ending.status == 1)
    // Other tests parse such lines; parsing a thousand of them would take long.
    let lines = ending.output.split(separator: "\n")
    #expect(lines.count == names.count)
    for (line, name) in zip(lines, names) { #expect(line.hasPrefix(#"{"image": "\#(name)", "#) && line.hasSuffix("}")) }
    let bad = names.indices.filter { $0 % 10 == 7 }
    #expect(lines.indices.filter { lines[$0].contains(#""error": ""#) } == bad)
    #expect(lines.count { $0.contains(#""detections": ["#) } == 900)
    #expect(ending.errorLines.count == 101)
    for (line, index) in zip(ending.errorLines, bad) {
      #expect(line.hasPrefix("detect: many/\(index).png: ") && line.contains("; "), "\(line)")
    }
    #expect(ending.errorLines.last == "detect: 900 done, 100 failed")
  }

  @Test("the undamaged pictures all have masks")
  func masks() throws {
    let ending = try work.run(
      .segment, names(200) + ["--model", "tiny-segmenter", "--quiet", "--out", "masks/"])
    #expect(ending.status == 1 && ending.bytes.isEmpty)
    #expect(ending.errorLines.last == "segment: 180 done, 20 failed")
    let made = try work.contents().keys.filter { $0.hasPrefix("here/masks/") }
    #expect(Set(made) == Set((0..<200).filter { $0 % 10 != 7 }.map { "here/masks/\($0).png" }))
  }

  #if os(Linux)
    @Test("memory does not grow with the number of pictures", arguments: ["ndjson", "csv"])
    func memory(format: String) throws {
      func peak(_ count: Int) throws -> Int {
        // The last picture is read from a stream, which is held back until the memory has been measured.
        let child = try Child(
          .detect, names(count) + ["/dev/stdin", "--model", "tiny-detector", "--format", format, "--score", "0.45"],
          in: work, output: .piped)
        var last: String?
        let previous = "many/\(count - 1).png"
        while let line = child.readLine() {
          last = line
          // The first line of the last picture but one.
          if format == "csv" ? line.hasPrefix(previous) : line.contains(previous) { break }
        }
        #expect(last?.contains(previous) == true)
        let bytes = try child.peakBytes()
        try child.write(bytes: try work.bytes("a.png"))
        let ending = try child.wait()
        #expect(ending.errorLines.last == "detect: \(count * 9 / 10 + 1) done, \(count / 10) failed")
        return bytes
      }
      let (few, many) = (try peak(100), try peak(1000))
      print("peak of 100 pictures \(few) bytes, of 1000 \(many)")
      // The list of their names grows, and the C library's allocator settles.
      #expect(many - few <= 1 << 20)
    }
  #endif

  @Test("a failure that stops the batch counts the rest as skipped")
  func stopped() throws {
    let ending = try work.run(
      .detect, names(30) + ["--model", "tiny-detector", "--format", "ndjson"], output: .file("/dev/full"))
    #expect(ending.status == 4)
    #expect(ending.errorLines.last == "detect: 0 done, 0 failed, 30 skipped", "\(ending.errors)")
  }

  @Test("a missing model is reported at once, even if the picture is from a stream without data")
  func modelFirst() throws {
    for (program, more) in [(Program.detect, [String]()), (.segment, ["--out", "m.png"])] {
      let child = try Child(program, ["/dev/stdin", "--model", "nope"] + more, in: work)
      let ending = try child.wait(silently: true)
      #expect(ending.status == 3 && ending.errors.contains("nope: no model of this name"), "\(ending.errors)")
    }
    // The stream's writer may have closed it before it is opened.
    for name in ["/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"] {
      let child = try Child(.detect, [name, "--model", "tiny-detector", "--format", "ndjson"], in: work)
      try child.write(bytes: try work.bytes("a.png"))
      let ending = try child.wait()
      #expect(ending.status == 0 && ending.output.contains("\"detections\""), "\(ending.errors)")
    }
  }
}

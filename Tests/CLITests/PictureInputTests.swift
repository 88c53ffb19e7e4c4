import ImageCodecs
import ImageTypes
import TestSupport
import Testing

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Pictures from folders, lists and standard input, and the places of their outputs.
@Suite struct PictureInputTests {
  let work: Workplace

  init() throws {
    work = try Workplace()
    try work.makeFolder("set/sub/deep")
    for name in ["img10.png", "img2.png", "img1.PNG", "sub/a.png", "sub/deep/a.png"] {
      try work.picture("set/\(name)", 40, 30)
    }
    try work.write(Array("words".utf8), to: "set/notes.txt")
    try work.write([1], to: "set/.hidden.png")
  }

  private static let model = ["--model", "tiny-detector", "--format", "ndjson"]

  /// The names of a run's results.
  private func images(_ ending: Ending) -> [String] {
    ending.output.split(separator: "\n").map { line in
      String(line.dropFirst(#"{"image": ""#.count).prefix { $0 != "\"" })
    }
  }

  private func names(_ words: String, input: String = "", status: Int32 = 0) throws -> [String] {
    let ending = try work.run(.detect, words.split(separator: " ").map(String.init) + Self.model, input: input)
    #expect(ending.status == status, "\(ending.errors)")
    return images(ending)
  }

  @Test("a folder's pictures come in natural order, without hidden and other files")
  func folders() throws {
    let flat = ["set/img1.PNG", "set/img2.png", "set/img10.png"]
    #expect(try names("set") == flat)
    #expect(try names("set/") == flat)
    let all = flat + ["set/sub/a.png", "set/sub/deep/a.png"]
    #expect(try names("set --recursive") == all)
    #expect(try names("a.png set --recursive b.png") == ["a.png"] + all + ["b.png"])
    // A link to a folder that contains it.
    try #require(unsafe symlink("..", "\(work.here)/set/sub/loop") == 0)
    #expect(try names("set --recursive") == all)
  }

  @Test("a folder without pictures is a failed input among others")
  func emptyFolders() throws {
    try work.makeFolder("set/sub/none/x")
    let ending = try work.run(.detect, ["a.png", "set/sub/none", "folder", "b.png"] + Self.model)
    #expect(ending.status == 1 && ending.errorLines.count == 3, "\(ending.errors)")
    #expect(ending.errors.contains("detect: set/sub/none: has no picture itself, only folders; add --recursive"))
    #expect(ending.errors.contains("detect: folder: has no picture among its 0 files; expected names that end in"))
    #expect(images(ending) == ["a.png", "set/sub/none", "folder", "b.png"])
  }

  @Test("lists name pictures and folders, one on each line or with a zero behind each")
  func lists() throws {
    try work.write(Array("\u{feff}b.png\r\n\nset/sub\na.png".utf8), to: "list.txt")
    #expect(try names("--from list.txt") == ["b.png", "set/sub/a.png", "a.png"])
    #expect(try names("c.png --from list.txt") == ["c.png", "b.png", "set/sub/a.png", "a.png"])
    #expect(try names("--from -", input: "a.png\nmissing.png\n", status: 1) == ["a.png", "missing.png"])
    try work.picture("two\nlines.png", 30, 30)
    let zeros = try work.run(.detect, ["--from0", "-", "--out", "o/"] + Self.model, input: "two\nlines.png\0a.png\0")
    #expect(zeros.status == 0, "\(zeros.errors)")
    #expect(try work.read("o/two\nlines.png").width == 30 && work.read("o/a.png").width == 96)
    let wrong = try work.run(.detect, ["--from", "-"] + Self.model, input: "a.png\0b.png\0")
    #expect(wrong.status == 2 && wrong.errors.contains("has a zero byte in a line; use --from0"), "\(wrong.errors)")
    let long = try work.run(.detect, ["--from", "list.txt", "--max-records", "2"] + Self.model)
    #expect(long.status == 2 && long.errors.contains("raise --max-records"), "\(long.errors)")
  }

  @Test("- is one picture on standard input", arguments: [false, true])
  func stream(isFile: Bool) throws {
    let arguments = ["-", "a.png", "--out", "o/"] + Self.model
    let ending: Ending
    if isFile {
      ending = try work.run(.detect, arguments, script: "exec \"$@\" < b.png")
    } else {
      let child = try Child(.detect, arguments, in: work)
      try child.write(bytes: try work.bytes("b.png"))
      ending = try child.wait()
    }
    #expect(ending.status == 0, "\(ending.errors)")
    #expect(images(ending) == ["-", "a.png"])
    #expect(try work.read("o/stdin.png").width == 61 && work.read("o/a.png").width == 96)
    let bad = try work.run(.detect, ["-"] + Self.model, input: "no picture")
    #expect(bad.status == 1 && bad.errors.hasPrefix("detect: standard input: is no picture"), "\(bad.errors)")
  }

  @Test("outputs keep the folders below the given folder")
  func mirrored() throws {
    for (program, more) in [(Program.detect, ["--out"]), (.segment, ["--overlay", "over/", "--out"])] {
      let model = ["--quiet", "--recursive", "--model", program == .segment ? "tiny-segmenter" : "tiny-detector"]
      let ending = try work.run(program, ["set"] + more + ["\(program)/"] + model)
      #expect(ending.status == 0, "\(ending.errors)")
      let made = try work.contents().filter { $0.key.hasPrefix("here/\(program)/") && $0.value >= 0 }.keys
      let expected = ["img1.png", "img2.png", "img10.png", "sub/a.png", "sub/deep/a.png"]
      #expect(Set(made) == Set(expected.map { "here/\(program)/\($0)" }))
    }
    #expect(try work.read("over/sub/deep/a.png").width == 40)
    // Outputs below the pictures are not the next run's inputs.
    for _ in 0..<2 {
      let again = try work.run(.detect, ["set", "--recursive", "--out", "set/sub/out/"] + Self.model)
      #expect(again.status == 0 && images(again).count == 5, "\(again.errors)")
    }
    let template = try work.run(
      .detect, ["set", "a.png", "set/sub/a.png", "--recursive", "--out", "t/{dir}/x-{name}.{ext}.png"] + Self.model)
    #expect(template.status == 0, "\(template.errors)")
    for name in ["x-img1.PNG.png.png", "sub/deep/x-a.png.png.png", "x-a.png.png.png", "set/sub/x-a.png.png.png"] {
      #expect(try work.read("t/\(name)").width > 0)
    }
    let same = try work.run(.detect, ["a.png", "./a.png", "set", "set/img2.png", "--out", "same/"] + Self.model)
    #expect(same.status == 0 && images(same).count == 6, "\(same.errors)")
    let twice = try work.run(
      .detect, ["set", "set/sub/a.png", "--recursive", "--out", "t/{stem}.png"] + Self.model)
    #expect(twice.status == 2 && twice.bytes.isEmpty)
    #expect(twice.errors.contains("set/sub/a.png and set/sub/deep/a.png would both write t/a.png"), "\(twice.errors)")
  }

  @Test("names that are not UTF-8 are read, and shown with their bytes")
  func rawNames() throws {
    // "é" and "日" in the encodings of other systems, beside UTF-8 in the same name.
    let script = #"""
      n=$(printf 'r\351sum\351-\310\325-\303\251.png'); mkdir -p raw; cp a.png "raw/$n"; "$@" raw && "$@" "raw/$n" &&
        find raw -type f | "$@" --from - && "$@" raw --out o/ >/dev/null && ls o | od -An -tx1 | tr -d ' \n'
      """#
    let ending = try work.run(.detect, ["--model", "tiny-detector", "--format", "ndjson"], script: script)
    #expect(ending.status == 0, "\(ending.errors)")
    let lines = ending.output.split(separator: "\n")
    let name = #"raw/r\\xE9sum\\xE9-\\xC8\\xD5-é.png"#
    #expect(lines.count == 4 && lines.prefix(3).allSatisfy { $0.hasPrefix("{\"image\": \"\(name)\", ") }, "\(lines)")
    #expect(lines.last == "72e973756de92dc8d52dc3a92e706e670a")
    let missing = try work.run(.detect, ["--model", "tiny-detector"], script: #""$@" "$(printf 'no\377.png')""#)
    #expect(missing.status == 1 && missing.errors.hasPrefix(#"detect: no\xFF.png: cannot read the file: No such"#))
  }

  @Test("addresses and streams are named for what they are")
  func addresses() throws {
    for (name, words) in [
      ("https://example.org/a.jpg", "is an address, expected a file; pipe the picture in: curl -fL"),
      ("rtsp://camera/1", "is a video stream, expected a picture; pipe a frame of it in: ffmpeg -i"),
    ] {
      let ending = try work.run(.detect, ["a.png", name] + Self.model)
      #expect(ending.status == 1 && ending.errors.contains("detect: \(name): \(words)"), "\(ending.errors)")
    }
  }

  @Test(
    "a terminal shows the progress, and messages do not break its line",
    .enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/script"), "runs `script` for a terminal"))
  func progress() throws {
    let names = (0..<40).map { $0 == 20 ? "missing.png" : "a.png" }
    // The results go to a file, and standard error to the terminal.
    let ending = try work.run(
      .detect, names + Self.model, environment: ["TERM": "xterm"],
      script:
        #"printf 'exec "$0" "$@" >results\n' >run.sh; script -qec "sh -c '. ./run.sh' $(printf '%s ' "$@")" /dev/null"#)
    let shown = ending.output
    #expect(shown.contains("\r\u{1b}[Kdone [") && shown.contains("/40 pictures"), "\(shown)\(ending.errors)")
    // A message takes the place of the bar, if there is one yet.
    let message = "detect: missing.png: cannot read the file"
    #expect(shown.hasPrefix(message) || shown.contains("\r\u{1b}[K\(message)"), "\(shown)")
    #expect(shown.contains("detect: 39 done, 1 failed"))
    #expect(String(decoding: try work.bytes("results"), as: UTF8.self).split(separator: "\n").count == 40)
    // On one terminal with the results there is none.
    let mixed = try work.run(
      .detect, names + Self.model, environment: ["TERM": "xterm"],
      script: #"script -qec "$(printf '%s ' "$@")" /dev/null"#)
    #expect(!mixed.output.contains("\u{1b}[K") && mixed.output.contains("detect: 39 done, 1 failed"))
  }

  @Test("damage that costs little is one warning with the file's name, and --strict refuses it")
  func damage() throws {
    var jpeg = try ImageFile.encode(Synthetic.image(width: 200, height: 200), as: .jpeg())
    jpeg.removeLast(jpeg.count / 5)
    try work.write(jpeg, to: "cut.jpg")
    var png = try work.bytes("a.png")
    png.removeLast(12)
    try work.write(png, to: "endless.png")
    let arguments = ["cut.jpg", "endless.png", "a.png"] + Self.model
    for threads in ["1", "2"] {
      let ending = try work.run(.detect, arguments + ["--threads", threads])
      #expect(ending.status == 0 && ending.errorLines.count == 3, "\(ending.errors)")
      let words = [
        "cut.jpg: truncated JPEG: the file ends at byte", "endless.png: truncated PNG: the file ends at byte",
      ]
      for (line, words) in zip(ending.errorLines, words) { #expect(line.hasPrefix("detect: \(words)"), "\(line)") }
      #expect(ending.errorLines.last == "detect: 3 done, 0 failed")
    }
    let strict = try work.run(.detect, arguments + ["--strict"])
    #expect(strict.status == 1 && strict.errorLines.last == "detect: 1 done, 2 failed", "\(strict.errors)")
    let masks = try work.run(.segment, "cut.jpg", "--model", "tiny-segmenter", "--out", "m.png", "--quiet")
    #expect(masks.status == 0 && masks.errorLines.count == 1, "\(masks.errors)")
    #expect(try work.read("m.png").height == 200)
  }

  @Test("classify and embed take folders and lists as well")
  func otherCommands() throws {
    let embed = try work.run(
      .backbone, "embed", "set", "--recursive", "--from", "-", "--model", "tiny-detector", "--out", "x.ndjson",
      input: "a.png\n")
    #expect(embed.status == 0 && embed.output.hasPrefix("x.ndjson  6x"), "\(embed.errors)")
    let lines = String(decoding: try work.bytes("x.ndjson"), as: UTF8.self).split(separator: "\n")
    #expect(lines.last?.hasPrefix(#"{"image": "a.png", "#) == true)
    let classify = try work.run(.backbone, "classify", "folder", "--model", "nowhere")
    #expect(classify.status == 3)
  }

  #if os(Linux)
    @Test("memory does not grow with the pictures of a tree, beyond their names")
    func manyPictures() throws {
      // Links to one picture, since only their number matters.
      for folder in 0..<20 { try work.makeFolder("tree/\(folder)") }
      for index in 0..<2000 {
        try #require(unsafe symlink("../../c.png", "\(work.here)/tree/\(index % 20)/img\(index).png") == 0)
      }
      func peak(_ folder: String, count: Int) throws -> Int {
        let child = try Child(
          .detect, [folder, "-", "--recursive", "--top-k", "1"] + Self.model, in: work, output: .piped)
        for _ in 0..<count { #expect(child.readLine() != nil) }
        let bytes = try child.peakBytes()
        try child.write(bytes: try work.bytes("a.png"))
        let ending = try child.wait()
        #expect(ending.status == 0 && ending.errorLines.last == "detect: \(count + 1) done, 0 failed")
        return bytes
      }
      let (few, many) = (try peak("tree/7", count: 100), try peak("tree", count: 2000))
      print("peak of 100 pictures \(few) bytes, of 2000 \(many)")
      #expect(many - few <= 2 << 20)
    }
  #endif
}

import ImageCodecs
import ImageTypes
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// No output replaces an input or another output, whatever path names it.
@Suite struct OverwriteTests {
  let work: Workplace

  init() throws {
    work = try Workplace()
    for (target, link) in [
      ("a.png", "link.png"), ("no.png", "nowhere.png"), ("..", "folder/up"), ("folder", "other"),
      ("../b.png", "folder/a.png"), ("a.png", "twice/b.png"), ("new.png", "fresh/a.png"), ("new.png", "fresh/b.png"),
      ("../models/tiny-detector.safetensors", "model.link"),
    ] {
      try work.makeFolder(link.split(separator: "/").dropLast().joined(separator: "/"))
      try #require(unsafe symlink(target, "\(work.here)/\(link)") == 0)
    }
    try #require(unsafe Self.link("\(work.here)/a.png", "\(work.here)/hard.png") == 0)
    try work.write([], to: "twice/a.png")
    // `b.png` in that folder is a link to `twice/a.png`.
    for name in ["images", "masks"] { try work.makeFolder("set/\(name)") }
    try work.write(Array("background\nthing\n".utf8), to: "set/classes.txt")
    for name in ["a", "b", "c", "d", "e"] {
      try work.picture("set/images/\(name).png", 40, 40)
      let palette = [Colour](repeating: Colour(red: 0, green: 0, blue: 0), count: 256)
      try work.write(
        try PNGEncoder.encodeIndexed(
          width: 40, height: 40, indices: (0..<1600).map { UInt8($0 / 800) }, palette: palette),
        to: "set/masks/\(name).png")
    }
  }

  @unsafe private static func link(_ from: String, _ to: String) -> Int32 {
    #if canImport(Glibc)
      unsafe Glibc.link(from, to)
    #elseif canImport(Musl)
      unsafe Musl.link(from, to)
    #else
      unsafe Darwin.link(from, to)
    #endif
  }

  static let commands: [FailureCase] =
    [
      "./a.png", "folder/../a.png", "folder/up/a.png", "link.png", "hard.png", "other/../a.png", "folder/./up/link.png",
    ].flatMap { name in
      [
        FailureCase(.detect, "a.png --model % --out \(name)", 2, "\(name): would replace an input picture"),
        FailureCase(.segment, "a.png --model % --out \(name)", 2, "\(name): would replace an input picture"),
        FailureCase(.segment, "a.png --model % --out m.png --overlay \(name)", 2, "would replace an input picture"),
        FailureCase(.detect, "\(name) --model % --out a.png", 2, "a.png: would replace an input picture"),
        FailureCase(
          .backbone, "features a.png --tap last --random-init --out \(name)", 2, "\(name): would replace an input"),
        FailureCase(.backbone, "import a.png --out \(name)", 2, "\(name): would replace an input"),
      ]
    } + [
      FailureCase(.detect, "b.png folder/c.png --model % --out .", 2, "./b.png: would replace an input picture"),
      FailureCase(.detect, "a.png b.png --model % --out folder/up/", 2, "would replace an input picture"),
      // An output name that is a link to another picture.
      FailureCase(.detect, "b.png folder/a.png --model % --out other/", 2, "would replace an input picture"),
      FailureCase(.detect, "a.png b.png --model % --out twice", 2, "twice/a.png and twice/b.png are the same file"),
      FailureCase(.segment, "a.png b.png --model % --out fresh", 2, "fresh/a.png and fresh/b.png are the same file"),
      FailureCase(
        .segment, "a.png --model % --out fresh/new.png --overlay fresh/a.png", 2, "is the name given to --out too"),
      FailureCase(
        .segment, "a.png --model % --out m.png --overlay ./folder/../m.png", 2, "the name given to --out too"),
      FailureCase(.detect, "a.png --model % --force --out model.link", 2, "would replace an input"),
      FailureCase(
        .backbone, "train segment --data set --model tiny-detector --out set/images/a.safetensors", 2,
        "set/images/a.png: would replace an input"),
      FailureCase(
        .backbone, "train segment --data set --model tiny-detector --out set/masks/e.safetensors", 2,
        "set/masks/e.png: would replace an input"),
      FailureCase(
        .backbone, "train segment --data set --model tiny-detector --out o.safetensors --cache set/images/b.png", 2,
        "--cache set/images/b.png: would replace an input"),
      FailureCase(
        .backbone, "train segment --data set --model ./model.link --out ../models/tiny-detector.safetensors", 2,
        "would replace an input"),
      FailureCase(
        .backbone, "eval segment --data set --predictions set/masks --pictures set/masks", 2, "lies in the data"),
      FailureCase(
        .backbone, "eval segment --data set --predictions folder --pictures other", 2, "lies in the data"),
    ]

  @Test("an input is not replaced", arguments: commands)
  func refused(one: FailureCase) throws { try work.expect(one) }

  @Test("with --force an input is replaced atomically, and a link to it stays a link")
  func forced() throws {
    let before = try work.bytes("a.png")
    for name in ["link.png", "a.png"] {
      let ending = try work.run(.detect, "a.png", "--model", "tiny-detector", "--out", name, "--force")
      #expect(ending.status == 0, "\(ending.errors)")
    }
    #expect(try work.bytes("a.png") != before && work.read("a.png").width == 96)
    // The hard link keeps the old bytes.
    #expect(try work.bytes("hard.png") == before)
    var status = stat()
    #expect(unsafe lstat("\(work.here)/link.png", &status) == 0 && status.st_mode & S_IFMT == S_IFLNK)
  }

  @Test("inputs of the same name are refused, or have separate outputs by a template")
  func sameNames() throws {
    try work.picture("folder/b.png", 40, 50)
    let words = "b.png and folder/b.png would both write m/b.png"
    try work.expect(FailureCase(.segment, "b.png folder/b.png --model % --out m/", 2, words))
    let ending = try work.run(
      .segment, "b.png", "folder/b.png", "--model", "tiny-segmenter", "--out", "m/{dir}/{stem}.png")
    #expect(ending.status == 0, "\(ending.errors)")
    #expect(try work.read("m/b.png").width == 61 && work.read("m/folder/b.png").width == 40)
  }
}

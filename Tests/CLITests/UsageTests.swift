import ImageTypes
import Tensors
import Testing

/// Wrong arguments end with status 2 before any file is read or written; requests for help end with 0.
@Suite struct UsageTests {
  let work: Workplace

  init() throws { work = try Workplace() }

  static let detect = [
    ("", "Missing expected argument '<image> ...'"),
    ("a.png --nope", "Unknown option '--nope'"),
    ("a.png --score", "Missing value for '--score"),
    ("a.png --score 1.5", "--score 1.5: expected a number from 0 to 1"),
    ("a.png --score=-0.1", "--score -0.1: expected a number from 0 to 1"),
    ("a.png --score nan", "--score nan: expected a number from 0 to 1"),
    ("a.png --score much", "The value 'much' is invalid for '--score"),
    ("a.png --iou 2", "--iou 2.0: expected a number from 0 to 1"),
    ("a.png --top-k 0", "--top-k 0: expected a number of at least 1"),
    ("a.png --nms soft", "'per-class' and 'agnostic'"),
    ("a.png --format xml", "'text', 'json', 'ndjson', 'csv' or 'coco'"),
    ("a.png --threads 0", "--threads 0: expected a number from 1 to 1024"),
    ("a.png --threads 2000", "--threads 2000: expected a number from 1 to 1024"),
    ("a.png --max-pixels 0", "--max-pixels 0: expected a number of at least 1"),
    ("a.png --max-nesting=-1", "--max-nesting -1: expected a number of at least 1"),
    ("a.png --views some", "'auto', 'whole', 'squares' or 'grid'"),
    ("a.png --slice 8", "--slice 8: expected a number from 32 to 65535"),
    ("a.png --slice 64 --overlap 1", "--overlap 1.0: expected a number from 0 to 0.9"),
    ("a.png --slice 64 --overlap nan", "--overlap nan: expected a number from 0 to 0.9"),
    // Flags without effect are errors.
    ("a.png --slice 64 --views squares", "--slice has no effect with --views squares"),
    ("a.png --overlap 0.3", "--overlap has no effect without --slice or --views grid"),
    ("a.png --force", "--force has no effect without --out"),
    ("a.png --quiet", "--quiet without --out would give no result at all"),
    ("a.png --out o.png --quiet --format json", "--format has no effect with --quiet"),
    // Contradictory outputs.
    ("a.png --out o.jpg", "--out o.jpg: pictures are written as PNG; choose a name that ends in .png"),
    ("a.png b.png --out o.png", "one file for 2 pictures; name a folder that exists or ends in /"),
    ("a.png --out a.png", "--out a.png: would replace an input picture; choose another name, or add --force"),
    ("a.png --out folder/../a.png", "would replace an input picture"),
    ("a.png b.png --out {stem}.jpg", "pictures are written as PNG"),
    ("a.png b.png --out out/{base}.png", "{base} is no field of a name; the fields are {dir}, {stem}, {name}, {ext}"),
    ("a.png b.png --out out/{stem.png", "{stem.png is no field of a name"),
    ("a.png b.png --out out/{ext}.png", "a.png and b.png would both write out/png.png; choose different names with"),
    ("a.png folder/a.jpg --out out/", "different names with --out 'out/{dir}/{name}.png'"),
    ("- - ", "standard input (-) is named 2 times; name it once"),
    ("- --from -", "standard input (-) is named 2 times; name it once"),
    ("--from nowhere.txt", "--from: nowhere.txt: cannot open the file: No such file or directory"),
    ("--from folder", "--from: folder: is a directory"),
    ("--from -", "--from -: has no name in it; write a picture's path on each line"),
    ("a.png --format json --resume r.ndjson", "--resume has no effect with --format json"),
    ("a.png --out o.png --quiet --resume r.ndjson", "--resume has no effect with --quiet"),
    ("a.png b.png --out .", "--out ./a.png: would replace an input picture"),
    ("a.png --out ../models/tiny-detector.safetensors", "would replace an input; choose another name"),
    ("a.png --force --out ../models/tiny-detector.safetensors", "would replace an input"),
    ("a.png --out /dev/stdout", "both go to standard output; add --quiet"),
    ("a.png folder/a.jpg --format coco", "have the same image_id \"a\"; rename one of them"),
  ]
  static let segment = [
    ("a.png", "Missing expected argument '--out <mask.png>'"),
    ("--out m.png", "Missing expected argument '<image> ...'"),
    ("a.png --out m.png --format csv", "'text', 'json' or 'ndjson'"),
    ("a.png --out m.png --format json --resume r.ndjson", "--resume has no effect with --format json"),
    ("a.png --out m.png --quiet --resume r.ndjson", "--resume has no effect with --quiet"),
    ("a.png --out m.png --views whole --slice 64", "--slice has no effect with --views whole"),
    ("a.png --out m.png --score 0.5", "Unknown option '--score'"),
    ("a.png --out m.png --quiet --format text", "--format has no effect with --quiet"),
    ("a.png --out m.gif", "pictures are written as PNG"),
    ("a.png --out a.png", "--out a.png: would replace an input picture"),
    ("a.png --out ../models/tiny-segmenter.safetensors", "--out ../models/tiny-segmenter.safetensors: would replace"),
    ("a.png --out m.png --overlay ../models/tiny-segmenter.safetensors", "--overlay ../models/tiny-segmenter.safetens"),
    ("a.png --out m.png --overlay a.png", "--overlay a.png: would replace an input picture"),
    ("a.png --out m.png --overlay m.png", "--overlay m.png: is the name given to --out too; choose different names"),
    ("a.png --out m.png --overlay folder/../m.png", "is the name given to --out too"),
    ("a.png b.png --out folder --overlay ./folder/", "a.png: is the name given to --out too"),
    ("a.png b.png --out m.png", "one file for 2 pictures"),
    ("a.png --out m.png --overlay /dev/stdout", "would both go to standard output; add --quiet"),
  ]
  static let backbone = [
    ("nope", "Unexpected argument 'nope'"),
    ("models nope", "Unexpected argument 'nope'"),
    ("models fetch", "Missing expected argument '<name>'"),
    ("import", "Missing expected argument '<file>'"),
    ("import a.png --out a.png", "--out a.png: would replace an input"),
    ("import a.png --name .x", "--name .x: expected letters, digits"),
    ("import a.png --input-size 32", "--input-size 32: expected a number from 33 to 4096"),
    ("import a.png --output-stride 4", "--output-stride 4: expected 8, 16 or 32"),
    ("import a.png --labels no.txt", "no.txt: cannot open the file"),
    ("import b.png --labels a.png --out a.png", "--out a.png: would replace an input"),
    ("features a.png --tap last --random-init --out folder/../a.png", "a.png: would replace an input"),
    (
      "features a.png --tap last --model tiny-detector --out ../models/tiny-detector.safetensors",
      "would replace an input"
    ),
    ("features a.png --tap last", "Missing expected argument '--out <f.npy>'"),
    ("features --tap last --out f.npy", "Missing expected argument '<image>'"),
    ("features a.png --out f.npy", "Missing expected argument '--tap <name>'"),
    ("features a.png --tap last --out f.npy --random-init --model x", "--model has no effect with --random-init"),
    ("features --tap list --out f.npy", "--out has no effect with --tap list"),
    ("features a.png --tap last --out f.npy --size 32", "--size 32: expected a number from 33 to 4096"),
    ("eval detect", "Missing expected argument '--data <folder>', or --truth with --predictions"),
    ("eval detect --data folder --truth t.json", "--truth and --data both name the truth; leave one out"),
    ("eval detect --truth t.json", "--truth has no pictures to run a model on; add --predictions"),
    ("eval detect --truth t.json --predictions p.json --worst 3", "--worst has no effect without --pictures"),
    ("eval detect --truth t.json --predictions p.json --strict", "--strict has no effect with --truth"),
    ("eval detect --data folder --predictions p.json --model m", "--model has no effect with --predictions"),
    ("eval detect --data folder --predictions p.json --score 0.1", "--score has no effect with --predictions"),
    (
      "eval detect --data folder --predictions p.json --save-predictions q.json",
      "--save-predictions has no effect with --predictions"
    ),
    ("eval detect --data folder --score 2", "--score 2.0: expected a number from 0 to 1"),
    ("eval detect --data folder --limit 0", "--limit 0: expected a number of at least 1"),
    ("eval detect --data folder --hold-out every:5 --hold-out none --data x --data y", "2 --hold-out for 3 --data"),
    ("eval detect --data folder --format pdf", "The value 'pdf' is invalid"),
    ("eval detect --data folder --save-predictions folder/x.json", "lies in the data that is read; choose another"),
    ("eval detect --data folder --classes person,", "--classes person,: the data set's classes are"),
    ("eval segment", "Missing expected argument '--data <folder> ...'"),
    ("eval segment --data folder --predictions p --model m", "--model has no effect with --predictions"),
    ("eval segment --data folder --predictions p --data x", "--predictions belong to one data set; name one --data"),
    ("eval segment --data folder --threads 0", "--threads 0: expected a number from 1 to 1024"),
    ("profile nope", "'classify', 'ssdlite', 'ssd', 'deeplab' or 'deeplab-aspp'"),
    ("profile --width 0", "--width 0.0: expected a number from 0.05 to 4"),
    ("profile --size 9999", "--size 9999: expected a number from 33 to 4096"),
    ("profile --classes 0", "--classes 0: expected a number from 1 to 100000"),
    ("bench", "Missing expected argument '<task>'"),
    // Random weights need an explicit flag.
    ("bench classify", "only random weights can be timed, which must be asked for: add --random-init"),
    ("bench classify --random-init --runs 0", "--runs 0: expected a number from 1 to 1000000"),
    ("bench classify --random-init --runs 2 --stdin", "--runs has no effect with --stdin"),
    ("bench classify --random-init --layers --stdin", "--layers has no effect with --stdin"),
    ("bench classify --random-init --csv --stdin", "--csv has no effect with --stdin"),
    ("bench classify --random-init --precision int4", "The value 'int4' is invalid"),
  ]

  private static let paperTables = [
    ("--tables 4,9", "--tables 4,9: expected some of 3, 4, 5, 6, 7, ablations, widths, with commas"),
    ("--tables 4,", "--tables 4,: expected some of"),
    ("--tables 4 --all", "--tables has no effect with --all"),
    ("--threads 0", "--threads 0: expected a number from 1 to 1024"),
    ("--no-timing --quick", "--quick has no effect with --no-timing"),
    ("--no-timing --chart f.png", "--chart needs times; leave out --no-timing"),
    ("--tables 3,7 --chart f.png", "--chart needs table 4 or widths; add one to --tables"),
  ]

  @Test(
    "wrong flags and values",
    arguments: [(Program.detect, detect), (.segment, segment), (.backbone, backbone), (.paperTables, paperTables)])
  func wrong(program: Program, table: [(String, String)]) throws {
    try work.picture("folder/a.jpg", 40, 40)
    for (line, words) in table {
      let model = [.backbone, .paperTables].contains(program) ? "" : " --model %"
      try work.expect(FailureCase(program, line + model, 2, words))
      if ["score", "Missing", "Unknown"].contains(where: words.hasPrefix) {
        try work.expect(FailureCase(program, line + model, 2, "; see '\(program.rawValue)", "--help'"))
      }
    }
  }

  @Test("with --force an output may replace its input")
  func force() throws {
    let before = try work.bytes("a.png")
    let ending = try work.run(.detect, "a.png", "--model", "tiny-detector", "--out", "a.png", "--force")
    #expect(ending.status == 0, "\(ending.errors)")
    #expect(try work.bytes("a.png") != before)
    #expect(try work.read("a.png").width == 96)
  }

  @Test("help begins with the arguments and options, and the limits have a help of their own")
  func helpOrder() throws {
    for arguments in [["detect"], ["segment"], ["backbone", "classify"]] {
      let program = Program(rawValue: arguments[0])!
      let lines = try work.run(program, arguments.dropFirst() + ["--help"]).output.split(
        separator: "\n", omittingEmptySubsequences: false)
      let head = lines.prefix(40)
      for words in ["USAGE: ", "ARGUMENTS:", "OPTIONS:", "  --recursive ", "  --model "] {
        #expect(head.contains { $0.hasPrefix(words) }, "\(arguments): \(words)")
      }
      #expect(!lines.contains { $0.contains("--max-pixels") } && lines.contains { $0.hasPrefix("  --help-limits ") })
      let limits = try work.run(program, arguments.dropFirst() + ["--help-limits"])
      #expect(limits.status == 0 && limits.errors.isEmpty)
      let flags = limits.output.split(separator: "\n").filter { $0.hasPrefix("  --max-") }
      #expect(flags.count == 16 && limits.output.contains("(default: 67108864)"), "\(limits.output)")
    }
  }

  @Test("help and version go to standard output", arguments: Program.allCases)
  func help(program: Program) throws {
    for flag in ["--help", "-h"] {
      let help = try work.run(program, flag)
      #expect(help.status == 0 && help.errors.isEmpty)
      #expect(help.output.contains("USAGE: \(program.rawValue)"))
      let words = help.output.split(whereSeparator: \.isWhitespace).joined(separator: " ")
      for status in ["0 all done", "1 some inputs failed", "2 wrong usage", "3 the model", "4 an output", "130 or 143"]
      {
        #expect(words.contains(status))
      }
      #expect(words.contains("BACKBONE_MODELS") && words.contains("BACKBONE_ISA"))
    }
    let version = try work.run(program, "--version")
    #expect(version.status == 0 && version.errors.isEmpty)
    #expect(version.output.split(separator: ".").count == 3)
  }
}

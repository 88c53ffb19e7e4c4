import ImageTypes
import ImageCodecs
import Tensors
import Testing

/// The program `paper-tables`.
@Suite struct CompareTests {
  let work: Workplace

  init() throws { work = try Workplace() }

  /// The records of a run without timing, by table and network.
  private func counted(_ arguments: String...) throws -> [[String: String]] {
    let ending = try work.run(.paperTables, ["--no-timing", "--csv", "f.csv"] + arguments)
    #expect(ending.status == 0 && ending.errors.isEmpty, "\(ending.errors)")
    return try records("f.csv")
  }

  private func records(_ name: String) throws -> [[String: String]] {
    let lines = String(decoding: try work.bytes(name), as: UTF8.self).split(separator: "\n").map(CompareTests.fields)
    return lines.dropFirst().map { fields in
      #expect(fields.count == lines[0].count)
      return Dictionary(uniqueKeysWithValues: zip(lines[0], fields))
    }
  }

  /// The fields of a record, some of which are quoted.
  private static func fields(_ line: Substring) -> [String] {
    var fields = [""]
    var isQuoted = false
    for character in line {
      switch character {
      case "\"": isQuoted.toggle()
      case "," where !isQuoted: fields.append("")
      default: fields[fields.count - 1].append(character)
      }
    }
    return fields
  }

  /// A count compared with a printed figure: this program's, or counted alike; relative to the last printed digit.
  struct Held: Sendable, CustomTestStringConvertible {
    let table, network: String
    let parameters, multiplyAdds: String
    let tolerance: Double
    var testDescription: String { "\(table) \(network)" }

    init(_ table: String, _ network: String, _ parameters: String, _ multiplyAdds: String, _ tolerance: Double) {
      (self.table, self.network, self.tolerance) = (table, network, tolerance)
      (self.parameters, self.multiplyAdds) = (parameters, multiplyAdds)
    }
  }

  static let held = [
    Held("4", "MobileNetV1", "ours", "ours", 0.013),
    Held("4", "ShuffleNet (1.5)", "ours", "ours", 0.01),
    Held("4", "ShuffleNet (x2)", "ours", "ours", 0.006),
    Held("4", "MobileNetV2", "alike", "ours", 0.022),
    Held("5", "SSD", "ours", "ours", 0.01),
    Held("5", "SSDLite", "ours", "alike", 0.02),
    Held("6", "MNet V1 + SSDLite", "ours", "ours", 0.01),
    Held("6", "MNet V2 + SSDLite", "ours", "ours", 0.02),
    Held("7", "MNet V1, OS 16, ASPP", "alike", "alike", 0.002),
    Held("7", "MNet V2*, OS 16, ASPP", "alike", "alike", 0.005),
    Held("7", "MNet V2*, OS 8, ASPP, MF", "alike", "alike", 0.002),
    Held("7", "MNet V2*, OS 16", "alike", "alike", 0.003),
    Held("7", "MNet V2*, OS 8, MF", "alike", "alike", 0.002),
    Held("widths", "MobileNetV2 (1.4), 224", "alike", "ours", 0.002),
    Held("widths", "MobileNetV2 (1.0), 96", "alike", "ours", 0.01),
    Held("widths", "MobileNetV2 (0.35), 224", "alike", "ours", 0.01),
  ]

  @Test("the counts equal the paper's", arguments: held)
  func counts(one: Held) throws {
    let rows = try counted("--tables", one.table)
    let row = try #require(rows.first { $0["network"] == one.network })
    for (quantity, side) in [("parameters", one.parameters), ("multiply_adds", one.multiplyAdds)] {
      let paper = try #require(row["paper_\(quantity)"].flatMap(Double.init))
      let ours = try #require(row["\(side)_\(quantity)"].flatMap(Double.init), "\(quantity)")
      #expect(abs(ours / paper - 1) <= one.tolerance, "\(quantity): \(ours), printed \(paper)")
    }
    #expect(row["ours_min_ms"] == "" && row["threads"] == "")
  }

  @Test("all tables are complete, each figure as printed in the paper")
  func tables() throws {
    let rows = try counted("--all")
    let counts = Dictionary(grouping: rows) { $0["table"]! }.mapValues(\.count)
    #expect(counts == ["3": 28, "4": 6, "5": 2, "6": 5, "7": 10, "ablations": 4, "widths": 22])
    let memory = rows.first { $0["network"] == "ShuffleNet 2x, g=3, 28x28" }
    #expect(memory?["paper_channels"] == "400" && memory?["ours_channels"] == "480")
    let nasNet = try #require(rows.first { $0["network"] == "NasNet-A" })
    #expect(nasNet["paper_accuracy"] == "74.0" && nasNet["paper_ms"] == "183" && nasNet["ours_parameters"] == "")
    // A run without options has the paper's tables only.
    #expect(Set(try counted().map { $0["table"]! }) == ["3", "4", "5", "6", "7"])
  }

  @Test(
    "counts from shapes equal those of the networks that run",
    arguments: [
      ("4", "MobileNetV2 (1.4)", "classify --width 1.4 --classes 1000"),
      ("4", "ShuffleNet (1.5)", "classify --network shufflenet --width 1.5 --classes 1000"),
      ("6", "MNet V1 + SSDLite", "ssdlite --network mobilenet-v1 --classes 81"),
      ("6", "MNet V2 + SSDLite", "ssdlite --classes 81"),
      ("7", "MNet V2*, OS 16", "deeplab"),
      ("7", "MNet V2*, OS 16, ASPP", "deeplab-aspp"),
      ("7", "MNet V1, OS 8", "deeplab --network mobilenet-v1 --output-stride 8"),
    ])
  func profiles(table: String, network: String, arguments: String) throws {
    let rows = try counted("--tables", table)
    let row = try #require(rows.first { $0["network"] == network })
    let words = arguments.split(separator: " ").map(String.init)
    let profile = try JSONValue(try work.run(.backbone, ["profile"] + words + ["--json"]).output)
    #expect(row["ours_parameters"].flatMap(Double.init) == profile["parameters"]?.double)
    #expect(row["ours_multiply_adds"].flatMap(Double.init) == profile["multiply_adds"]?.double)
  }

  @Test("times are measured and drawn")
  func timing() throws {
    let ending = try work.run(
      .paperTables, "--tables", "4", "--quick", "--csv", "f.csv", "--chart", "f.png", "--threads", "2")
    #expect(ending.status == 0, "\(ending.errors)")
    #expect(ending.output.contains("Table 4") && !ending.output.contains("Table 5"))
    for row in try records("f.csv") {
      let isOurs = row["network"] != "NasNet-A"
      #expect((row["ours_parameters"] != "") == isOurs && (row["threads"] == "2") == isOurs)
      guard isOurs else { continue }
      let least = try #require(row["ours_min_ms"].flatMap(Double.init))
      let median = try #require(row["ours_median_ms"].flatMap(Double.init))
      #expect(0 < least && least <= median)
    }
    let chart = try work.read("f.png")
    #expect(chart.width == 960 && chart.height == 600)
  }

  @Test("the text has the paper's figures beside this program's")
  func text() throws {
    let ending = try work.run(.paperTables, "--no-timing")
    #expect(ending.status == 0 && ending.errors.isEmpty)
    let lines = ending.output.split(separator: "\n").map(String.init)
    func line(_ start: String) -> [String] {
      lines.first { $0.hasPrefix("  " + start) }.map { $0.split(separator: " ").map(String.init) } ?? []
    }
    #expect(line("112x112") == ["112x112", "64/1600", "64/1606", "16/400", "16/401", "32/800", "48/1204*", "48/1204*"])
    #expect(line("MobileNetV1 ").contains("4.2M") && line("MobileNetV1 ").contains("575M"))
    #expect(line("MNet V2 + SSDLite").contains("4.31M"))
    #expect(lines.allSatisfy { $0.count <= 140 && $0.last != " " })
  }

  @Test("unwritable files are refused before the work, and an old file is kept")
  func files() throws {
    for (arguments, message) in [
      (["--csv", "folder"], "--csv folder: is a folder; name a file"),
      (["--csv", "no/f.csv"], "no/f.csv"),
      (["--chart", "f.gif"], "pictures are written as PNG"),
      (["--chart", "f.png", "--csv", "./f.png"], "is the name given to"),
    ] {
      let before = try work.contents()
      let ending = try work.run(.paperTables, ["--tables", "4", "--quick"] + arguments)
      #expect([2, 4].contains(ending.status) && ending.output.isEmpty && ending.errors.contains(message), "\(ending)")
      #expect(try work.contents() == before)
    }
  }
}

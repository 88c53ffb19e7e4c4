import Testing

/// `backbone profile` and `backbone bench`.
@Suite struct NetworkTests {
  let work: Workplace

  init() throws { work = try Workplace() }

  /// Parameters and multiply-adds in millions, from the papers and the converters' own counts.
  struct Published: CustomTestStringConvertible, Sendable {
    let arguments: String
    let parameters, multiplyAdds: String
    var testDescription: String { arguments }
  }

  static let table = [
    Published(arguments: "classify", parameters: "3.49", multiplyAdds: "300.8"),
    Published(arguments: "classify --width 0.35 --classes 1000", parameters: "1.67", multiplyAdds: "59.3"),
    Published(arguments: "classify --width 0.5 --classes 1000", parameters: "1.96", multiplyAdds: "97.1"),
    Published(arguments: "classify --width 0.75 --classes 1000", parameters: "2.62", multiplyAdds: "209.1"),
    Published(arguments: "classify --width 1.4 --classes 1000", parameters: "6.08", multiplyAdds: "582.2"),
    Published(arguments: "ssdlite", parameters: "4.48", multiplyAdds: "804.4"),
    Published(arguments: "ssdlite --size 300", parameters: "4.48", multiplyAdds: "749.5"),
    Published(arguments: "ssd --classes 81", parameters: "16.98", multiplyAdds: "1870.3"),
    Published(arguments: "deeplab-aspp", parameters: "4.51", multiplyAdds: "5363.5"),
    Published(arguments: "deeplab", parameters: "2.10", multiplyAdds: "2740.7"),
    Published(arguments: "deeplab --size 257", parameters: "2.10", multiplyAdds: "720.4"),
  ]

  @Test("profile has the papers' counts", arguments: table)
  func profile(one: Published) throws {
    let words = ["profile"] + one.arguments.split(separator: " ").map(String.init)
    let text = try work.run(.backbone, words)
    #expect(text.status == 0 && text.errors.isEmpty)
    let lines = text.output.split(separator: "\n")
    #expect(lines.last == "  \(one.parameters) M parameters, \(one.multiplyAdds) M multiply-adds")
    // The sum of the layers is the total, and JSON has the same counts.
    let rows = lines.dropFirst(2).dropLast(2).map { $0.split(separator: " ").map(String.init) }
    let sums = (2...3).map { column in rows.reduce(0) { $0 + (Int($1[column]) ?? .min / 1000) } }
    #expect(lines.dropLast().last?.split(separator: " ").map(String.init) == ["total", "\(sums[0])", "\(sums[1])"])
    let json = try JSONValue(try work.run(.backbone, words + ["--json"]).output)
    #expect(json.keys == ["backbone", "layers", "multiply_adds", "network", "parameters", "size", "width"])
    #expect(json["parameters"] == .number(Double(sums[0])) && json["multiply_adds"] == .number(Double(sums[1])))
    let layers = try #require(json["layers"]).elements
    #expect(layers.map { $0["name"]?.text } == rows.map { $0[0] })
    #expect(layers.map { $0["multiply_adds"]?.double } == rows.map { Double($0[3]) })
  }

  @Test("bench answers each line of --stdin", arguments: ["classify", "ssdlite", "ssd", "deeplab", "deeplab-aspp"])
  func benchProtocol(task: String) throws {
    let arguments = ["bench", task, "--random-init", "--stdin", "--size", "33", "--width", "0.35", "--threads", "1"]
    let child = try Child(.backbone, arguments, in: work, output: .piped)
    #expect(child.readLine() == "ready")
    for runs in [1, 4] {
      // Each result is written before the next number is read.
      try child.write("\(runs)\n")
      let line = try #require(child.readLine())
      let numbers = try JSONValue(line).elements.map { try #require($0.double) }
      try #require(numbers.count == 3)
      #expect(0 < numbers[0] && numbers[0] <= numbers[1] && numbers[1] < 10_000)
      #expect((1...4000).contains(numbers[2]))
    }
    let ending = try child.wait()
    #expect(ending.status == 0 && ending.bytes.isEmpty && ending.errors.isEmpty, "\(ending.errors)")
    let bad = try work.run(.backbone, arguments, input: "1\nmany\n")
    #expect(bad.status == 1 && bad.output.split(separator: "\n").count == 2)
    #expect(bad.errors == "backbone: standard input: \"many\": expected a number of runs from 1 to 1000000\n")
  }

  @Test("bench prints its times")
  func bench() throws {
    let ending = try work.run(
      .backbone, "bench", "classify", "--random-init", "--runs", "3", "--size", "64", "--threads", "2")
    #expect(ending.status == 0 && ending.errors.isEmpty)
    let words = ending.output.split(whereSeparator: \.isWhitespace).map(String.init)
    #expect(words[0...2] == ["classify", "64x64", "fp32"] && words[4...7] == ["2", "threads", "3", "runs"])
    #expect(["portable", "neon", "avx2", "avx512"].contains(words[3]))
    #expect(words[8...].filter { Double($0) != nil }.count == 4)
  }

  @Test(
    "the layers of bench add up to the network", arguments: ["classify", "ssdlite", "ssd", "deeplab", "deeplab-aspp"])
  func benchByLayer(task: String) throws {
    let arguments = ["bench", task, "--random-init", "--runs", "3", "--size", "65", "--threads", "2", "--layers"]
    let ending = try work.run(.backbone, arguments + ["--csv"])
    #expect(ending.status == 0 && ending.errors.isEmpty)
    let lines = ending.output.split(separator: "\n").map(String.init)
    #expect(lines[0] == "layer,output,multiply_adds,min_ms,median_ms,max_ms,gmac_per_s,percent_of_peak")
    // Names may contain commas, other fields may not.
    let rows = lines.dropFirst().map { line in
      line.split(separator: ",", omittingEmptySubsequences: false).suffix(7).map(String.init)
    }
    let numbers = rows.map { row in row.dropFirst().compactMap(Double.init) }
    // Pooling has no multiply-adds.
    #expect(
      numbers.allSatisfy {
        $0.count == 6 && $0[0] >= 0 && $0[1...3].allSatisfy { $0 > 0 } && $0[1] <= $0[2] && $0[2] <= $0[3]
      })
    let whole = try #require(numbers.last)
    let steps = numbers.dropLast()
    #expect(try #require(lines.last).hasPrefix("total,,"))
    #expect(steps.reduce(0) { $0 + $1[0] } == whole[0])
    // The sum of the steps is at most the duration of the run.
    #expect(steps.reduce(0) { $0 + $1[1] } <= whole[3])
    let profile = try JSONValue(try work.run(.backbone, "profile", task, "--size", "65", "--json").output)
    let plain = try #require(profile["multiply_adds"]?.double)
    // DeepLab's pooled branch is projected once, not at each of the map's 5x5 pixels. Only the middle taps of its
    // atrous branches are inside the map, since the distance of the taps exceeds its width.
    let pooled = task.hasPrefix("deeplab") ? 24 * 256 * 256 : 0
    let atrous = task == "deeplab-aspp" ? 3 * 8 * 25 * 320 * 256 : 0
    // SSD's convolutions skip the taps outside their maps too.
    if task == "ssd" { #expect(whole[0] < plain) } else { #expect(Int(whole[0]) == Int(plain) - pooled - atrous) }

    let table = try work.run(.backbone, arguments)
    #expect(table.status == 0 && table.errors.isEmpty)
    let printed = table.output.split(separator: "\n")
    // The rows, and the heading, the names, the peak and the summary.
    #expect(printed.count == rows.count + 4)
    #expect(printed[printed.count - 2].hasPrefix("  peak "))
  }

  @Test("bench writes one record as comma-separated values")
  func benchRecord() throws {
    let ending = try work.run(
      .backbone, "bench", "classify", "--random-init", "--runs", "2", "--size", "33", "--threads", "1", "--csv")
    let lines = ending.output.split(separator: "\n").map { $0.split(separator: ",").map(String.init) }
    #expect(ending.status == 0 && lines.count == 2)
    #expect(
      lines[0] == [
        "network", "size", "precision", "isa", "threads", "runs", "min_ms", "median_ms", "max_ms", "peak_rss_mib",
      ])
    #expect(lines[1][0...2] == ["classify", "33", "fp32"] && lines[1][4...5] == ["1", "2"])
    #expect(lines[1].suffix(4).compactMap(Double.init).count == 4)
  }
}

import CLISupport

/// The report as text: aligned tables, each with the notes on its differences.
struct CompareReport {
  /// The conditions of the timing.
  let conditions: CompareConditions

  /// The lines above the first table.
  func heading() -> String {
    var lines = "MobileNetV2: Inverted Residuals and Linear Bottlenecks, and this program\n"
    lines += wrapped(
      "paper: as printed there. ours: counted from the layers (a multiply-add is one operation; biases and batch norm's "
        + "folded shift are parameters); \(conditions.description). \"counted alike\": ours, counted as the printed figures "
        + "seem to be. Accuracies are the paper's: weights here are random.", indent: "  ")
    return lines
  }

  /// A table with its notes.
  func text(_ table: ComparedTable, _ rows: [ComparedRow]) -> String {
    var notes: [ComparisonNote] = []
    for note in rows.flatMap(\.notes) where !notes.contains(note) { notes.append(note) }
    let measure = rows.first { !$0.measure.isEmpty }?.measure ?? ""
    let hasAccuracy = rows.contains { $0.published.accuracy != nil }
    let isTimed = rows.contains { $0.times != nil }
    let hasPixel = rows.contains { $0.published.milliseconds != nil }
    // The name column, and the columns with any content.
    let shown = [true, hasAccuracy] + [Bool](repeating: true, count: 6) + [hasPixel, isTimed, isTimed]
    func kept(_ cells: [String]) -> [String] { zip(cells, shown).compactMap { $1 ? $0 : nil } }
    var text = TextTable([.left] + [TextTable.Alignment](repeating: .right, count: shown.count { $0 } - 1))
    text.add(kept(["", measure, "params", "", "", "MAdds", "", "", "ms, Pixel 1", "ms, least", "median"]))
    text.add(kept(["network", "paper", "paper", "ours", "diff", "paper", "ours", "diff", "paper", "ours", "ours"]))
    for row in rows {
      let printed = row.published
      let marks = row.notes.map { notes.firstIndex(of: $0)! + 1 }.sorted().map { "\($0)" }.joined(separator: ",")
      var cells = [printed.network + (marks.isEmpty ? "" : " [\(marks)]"), printed.accuracy?.text ?? "-"]
      let difference = row.isOnlyAlike ? "" : nil
      cells += parameters(printed.parameters, row.ours)
      cells += multiplyAdds(printed.multiplyAdds, row.ours, difference: difference)
      cells.append(printed.milliseconds?.text ?? "-")
      cells.append(row.times.map { fixed($0.min, 2) } ?? "-")
      cells.append(row.times.map { fixed($0.median, 2) } ?? "-")
      text.add(kept(cells))
      guard let alike = row.alike, needsLine(row) else { continue }
      var second = ["  counted alike", ""]
      for columns in [parameters(printed.parameters, alike), multiplyAdds(printed.multiplyAdds, alike)] {
        second += [""] + columns.dropFirst()
      }
      text.add(kept(second + ["", "", ""]))
    }
    let lines = notes.enumerated().map { wrapped("[\($0.offset + 1)] \($0.element.text)", indent: "    ") }
    return table.title + "\n" + text.lines() + lines.joined()
  }

  /// Whether the second count adds information: it differs from the first, and the first is not near the printed
  /// figures.
  private func needsLine(_ row: ComparedRow) -> Bool {
    guard let ours = row.ours, row.alike != ours else { return false }
    let isNear =
      row.published.parameters?.isNear(ours.parameters) ?? true
      && row.published.multiplyAdds?.isNear(ours.multiplyAdds) ?? true
    return !isNear
  }

  /// The printed parameters, ours, and the difference.
  private func parameters(_ printed: PrintedNumber?, _ ours: ComparedNetwork.Counts?) -> [String] {
    guard let ours else { return [printed?.text ?? "-", "-", ""] }
    let text = PrintedNumber.text(ours.parameters, like: printed)
    return [printed?.text ?? "-", text, printed?.difference(ours.parameters) ?? ""]
  }

  /// The printed multiply-adds, ours, and the difference or the text in its place.
  private func multiplyAdds(
    _ printed: PrintedNumber?, _ ours: ComparedNetwork.Counts?, difference: String? = nil
  ) -> [String] {
    guard let ours else { return [printed?.text ?? "-", "-", ""] }
    let text = PrintedNumber.text(ours.multiplyAdds, like: printed, decimals: 1)
    return [printed?.text ?? "-", text, difference ?? printed?.difference(ours.multiplyAdds) ?? ""]
  }
}

/// The conditions of the timing.
struct CompareConditions {
  let isa: String
  let threads: Int
  /// `nil` without timing.
  let rounds: Int?

  var description: String {
    guard let rounds else { return "nothing timed" }
    return "times of one call, the networks of a table in turn for \(rounds) rounds, the least and the median of all, "
      + "\(threads) \(threads == 1 ? "thread" : "threads"), fp32, \(isa)"
  }
}

/// A text in lines of at most 118 characters, each indented.
func wrapped(_ text: String, indent: String) -> String {
  var lines: [String] = []
  var line = ""
  for word in text.split(separator: " ") {
    if !line.isEmpty, indent.count + line.count + 1 + word.count > 118 {
      lines.append(line)
      line = ""
    }
    line += (line.isEmpty ? "" : " ") + word
  }
  lines.append(line)
  return lines.map { indent + $0 + "\n" }.joined()
}

import CLISupport

/// The report as comma-separated values: a header and a row for each network of each table; unknown values are empty.
struct CompareRecords {
  let conditions: CompareConditions

  /// The names of the columns, with their meanings.
  static let columns = [
    ("table", "3 to 7, ablations or widths"),
    ("network", "its name in the table; for table 3 with the size of map, or \"maximum\""),
    ("input", "rows and columns of the input"),
    ("measure", "of the accuracy: top-1, mAP or mIoU"),
    ("paper_accuracy", "percent"),
    ("paper_channels", "table 3: channels of the largest tensor"),
    ("ours_channels", ""),
    ("paper_kilobytes", "table 3: its thousands of bytes at 16 bits"),
    ("ours_kilobytes", ""),
    ("paper_parameters", ""),
    ("ours_parameters", "weights and biases, batch norm folded"),
    ("alike_parameters", "by the convention of the paper's figure, if it differs"),
    ("paper_multiply_adds", ""),
    ("ours_multiply_adds", "of one pass"),
    ("alike_multiply_adds", "by the convention of the paper's figure, if it differs"),
    ("paper_ms", "on a Pixel 1"),
    ("ours_min_ms", "the minimum time of a call"),
    ("ours_median_ms", "the median of all calls"),
    ("threads", "of the timed calls"),
    ("isa", "the kernels' instruction set"),
    ("remark", "the explanation of a difference"),
  ]

  static var header: String { csvRecord(columns.map(\.0)) }

  /// The columns' meanings, for `--help`.
  static var help: String {
    columns.map { $0.1.isEmpty ? $0.0 : "\($0.0) (\($0.1))" }.joined(separator: ", ")
  }

  func text(_ table: ComparedTable, _ rows: [ComparedRow]) -> String {
    rows.map { row in
      let printed = row.published
      let alike = row.alike == row.ours ? nil : row.alike
      var fields = ["table": table.rawValue, "network": printed.network, "measure": row.measure]
      fields["input"] = row.network.map { "\($0.size)" }
      fields["paper_accuracy"] = printed.accuracy?.text
      fields["paper_parameters"] = printed.parameters.map { fixed($0.value, 0) }
      fields["ours_parameters"] = row.ours.map { "\($0.parameters)" }
      fields["alike_parameters"] = alike.map { "\($0.parameters)" }
      fields["paper_multiply_adds"] = printed.multiplyAdds.map { fixed($0.value, 0) }
      fields["ours_multiply_adds"] = row.ours.map { "\($0.multiplyAdds)" }
      fields["alike_multiply_adds"] = alike.map { "\($0.multiplyAdds)" }
      fields["paper_ms"] = printed.milliseconds?.text
      fields["remark"] = row.notes.map(\.text).joined(separator: "; ")
      if let times = row.times {
        fields["ours_min_ms"] = fixed(times.min, 4)
        fields["ours_median_ms"] = fixed(times.median, 4)
        fields["threads"] = "\(conditions.threads)"
        fields["isa"] = conditions.isa
      }
      return record(fields)
    }.joined()
  }

  func text(_ memory: MemoryComparison) -> String {
    memory.columns.map { column in
      var text = ""
      for (index, row) in Paper.Memory.rows.enumerated() {
        var fields = ["table": "3", "network": "\(column.network), \(row.side)x\(row.side)", "input": "224"]
        if let paper = column.paper?[index] {
          fields["paper_channels"] = "\(paper.channels)"
          fields["paper_kilobytes"] = "\(paper.kilobytes)"
        }
        if let ours = column.cell(side: row.side) {
          fields["ours_channels"] = "\(ours.channels)"
          fields["ours_kilobytes"] = fixed(ours.kilobytes, 3)
          if ours.isPartial { fields["remark"] = "computed in parts, not in the maximum" }
        }
        text += record(fields)
      }
      var fields = ["table": "3", "network": "\(column.network), maximum", "input": "224"]
      fields["paper_kilobytes"] = column.paperGreatest.map { "\($0)" }
      fields["ours_kilobytes"] = fixed(column.greatest, 3)
      return text + record(fields)
    }.joined()
  }

  /// A record, from fields by column name.
  private func record(_ fields: [String: String]) -> String {
    csvRecord(CompareRecords.columns.map { fields[$0.0] ?? "" })
  }
}

import Files
import ImageCodecs

/// A published list of samples, one in each line.
///
/// A line is a sample's name, or a path to its picture on whatever machine, with or without the extension; names may have
/// spaces. Pascal VOC's lists of a class have a second column of 1, 0 or -1, others a second column with the mask's path.
struct SampleList {
  let path: String

  /// The places of the listed samples.
  ///
  /// - Throws: `DatasetError` for a line that names no sample, or several.
  func indices(in dataset: Dataset) throws(DatasetError) -> [Int] {
    var ofStem: [String: [Int]] = [:]
    for (index, sample) in dataset.samples.enumerated() {
      let last = FileName.last(of: sample.path.isEmpty ? sample.name : sample.path)
      let names = Set([FileName.last(of: sample.name), FileName(last).stem])
      for name in names { ofStem[name, default: []].append(index) }
    }
    let ofName = Dictionary(
      dataset.samples.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
    let dropped = Set(dataset.skipped.compactMap(\.sampleName))
    var indices: [Int] = []
    for line in try TextFile(path: path, .standard).lines() where !line.text.isEmpty {
      func wrong(_ expected: String, _ found: String) -> DatasetError {
        .invalid(file: path, place: line.place, expected: expected, found: found)
      }
      var isKnown = false
      for text in SampleList.readings(line.text) where !isKnown {
        if let index = ofName[text] {
          indices.append(index)
          isKnown = true
          continue
        }
        let components = text.split { $0 == "/" || $0 == "\\" }.map(String.init)
        guard let last = components.last else { continue }
        let candidates = ofStem[last] ?? ofStem[FileName(last).stem] ?? []
        let best = best(candidates, components, dataset)
        if best.count > 1 {
          throw wrong(
            "one sample",
            "\"\(text)\", which may be \(best.prefix(3).map { dataset.samples[$0].path }.joined(separator: " or "))")
        }
        indices += best
        isKnown = !best.isEmpty || dropped.contains(last) || dropped.contains(FileName(last).stem)
      }
      if !isKnown {
        throw wrong(
          "the name or the path of a sample\(dataset.samples.first.map { ", such as \($0.name)" } ?? "")", line.text)
      }
    }
    return indices
  }

  /// The line as a whole, then without a second column.
  private static func readings(_ line: String) -> [String] {
    let fields = line.split { $0 == " " || $0 == "\t" }
    guard fields.count > 1 else { return [line] }
    var readings = [line]
    if ["1", "0", "-1"].contains(String(fields[fields.count - 1])) {
      readings.append(
        String(line[..<fields[fields.count - 1].startIndex].reversed().drop(while: \.isWhitespace).reversed()))
    }
    return readings + [String(fields[0])]
  }

  /// The candidates with the most components in common with a path, counted from its end.
  private func best(_ candidates: [Int], _ components: [String], _ dataset: Dataset) -> [Int] {
    guard candidates.count > 1 else { return candidates }
    let folders = components.dropLast().filter { $0 != "." }
    let scored = candidates.map { index in
      let own = dataset.samples[index].path.split(separator: "/").dropLast()
      return (score: zip(folders.reversed(), own.reversed()).prefix { $0 == $1 }.count, index: index)
    }
    let top = scored.map(\.score).max() ?? 0
    return scored.filter { $0.score == top }.map(\.index)
  }
}

extension DatasetError {
  /// The last component of the path without its extension.
  fileprivate var sampleName: String? {
    let path: String
    switch self {
    case .duplicate(let file, _), .excess(let file, _, _), .invalid(let file, _, _, _), .limit(let file, _, _, _, _),
      .missing(let file, _),
      .size(let file, _, _), .maskColours(let file, _, _, _):
      path = file
    case .picture(let error): path = error.file
    case .file(let error): path = error.path
    case .classes, .split, .unknownFormat, .severalFiles: return nil
    }
    return FileName(path.split(separator: "/").last.map(String.init) ?? path).stem
  }
}

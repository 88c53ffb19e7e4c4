import Files

/// A rule that selects the validation samples, the same on every machine, with a text form.
///
/// As a text: `every:5`, `every:5+2`, `fraction:0.2@7` (a seed after the @), `list:val.txt` or `val.txt`,
/// `none`.
public enum Split: Hashable, Sendable, CustomStringConvertible {
  /// The samples at `offset`, `offset + n`, … of the data set's order; `n` is at least 1, `offset` at least 0.
  case every(Int, offset: Int)
  /// A share of the samples, to the nearest whole number, drawn by name. A sample's lot depends on its name and the
  /// seed alone, so that a few new files move few others across.
  case fraction(Double, seed: UInt64)
  /// The samples named in a file, one in each line: a name or a path, with or without its extension.
  case list(path: String)
  /// No samples.
  case none

  /// Reads the text form.
  ///
  /// - Throws: `DatasetError.split`.
  public init(parsing text: String) throws(DatasetError) {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    let value = parts.count > 1 ? parts[1] : ""
    switch parts[0] {
    case "none" where parts.count == 1:
      self = .none
    case "every":
      let numbers = value.split(separator: "+", omittingEmptySubsequences: false).map { Int($0) }
      guard let n = numbers.first ?? nil, n >= 2, numbers.count <= 2, let offset = numbers.count == 2 ? numbers[1] : 0,
        (0..<n).contains(offset)
      else { throw .split(rule: text, expected: "every:N or every:N+OFFSET with N of 2 or more and OFFSET below N") }
      self = .every(n, offset: offset)
    case "fraction":
      let sides = value.split(separator: "@", omittingEmptySubsequences: false)
      guard sides.count <= 2, let first = sides.first, let share = Double(first), share > 0, share < 1,
        let seed = sides.count == 2 ? UInt64(sides[1]) : 0
      else { throw .split(rule: text, expected: "fraction:SHARE or fraction:SHARE@SEED with 0 < SHARE < 1") }
      self = .fraction(share, seed: seed)
    case "list" where !value.isEmpty:
      self = .list(path: value)
    case _ where text.hasSuffix(".txt"):
      self = .list(path: text)
    default:
      throw .split(rule: text, expected: "every:N, fraction:SHARE@SEED, list:FILE, FILE.txt or none")
    }
  }

  /// The text form, which `init(parsing:)` reads.
  public var description: String {
    switch self {
    case .every(let n, let offset): return offset == 0 ? "every:\(n)" : "every:\(n)+\(offset)"
    case .fraction(let share, let seed): return "fraction:\(share)@\(seed)"
    case .list(let path): return "list:\(path)"
    case .none: return "none"
    }
  }
}

extension Dataset {
  /// The training and validation samples, both in the data set's order.
  ///
  /// - Throws: `DatasetError` when a list can't be read or names a missing sample.
  public func split(by rule: Split) throws(DatasetError) -> (training: Dataset, validation: Dataset) {
    var isValidation = [Bool](repeating: false, count: samples.count)
    switch rule {
    case .every(let n, let offset):
      for i in stride(from: offset, to: samples.count, by: n) { isValidation[i] = true }
    case .fraction(let share, let seed):
      let lots = samples.map { Draw.lot(of: $0.name, seed: seed) }
      // Equal lots are ordered by position.
      let order = samples.indices.sorted { (lots[$0], $0) < (lots[$1], $1) }
      for i in order.prefix(Int((share * Double(samples.count)).rounded())) { isValidation[i] = true }
    case .list(let path):
      for index in try SampleList(path: path).indices(in: self) { isValidation[index] = true }
    case .none: break
    }
    func part(_ wanted: Bool) -> Dataset {
      with(samples: samples.indices.filter { isValidation[$0] == wanted }.map { samples[$0] })
    }
    return (part(false), part(true))
  }
}

/// The meaning of each value stored in a mask.
struct MaskMeaning: Hashable, Sendable {
  /// For each of 256 values a class number, 255 for the ignore index, or -1 where the value has no meaning.
  private(set) var table: [Int16]

  /// Values without a class have no meaning, and 255 is the ignore index.
  init(_ classOfValue: [Int: Int]) {
    table = [Int16](repeating: -1, count: 256)
    table[255] = 255
    for (value, classIndex) in classOfValue { table[value] = Int16(classIndex) }
  }

  /// The same values with other class numbers.
  func mapped(_ classOfClass: [Int]) -> MaskMeaning {
    var result = self
    result.table = table.map { $0 < 0 || $0 == 255 ? $0 : Int16(classOfClass[Int($0)]) }
    return result
  }

  /// - Complexity: O(`values.count`).
  func translate(_ values: [UInt8], width: Int, file: String) throws(DatasetError) -> [UInt8] {
    let bytes = table.map { UInt8(truncatingIfNeeded: max($0, 0)) }
    let meaningless = table.map { $0 < 0 ? UInt8(1) : 0 }
    var wrong: UInt8 = 0
    let result = values.map { value -> UInt8 in
      wrong |= meaningless[Int(value)]
      return bytes[Int(value)]
    }
    guard wrong == 1, let at = values.firstIndex(where: { meaningless[Int($0)] == 1 }) else { return result }
    throw .invalid(
      file: file, place: .element("pixel (\(at % width), \(at / width))"),
      expected: "the number of a class or 255", found: "the value \(values[at])")
  }
}

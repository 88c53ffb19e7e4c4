import Files
import ImageTypes

/// The classes of the colours of masks.
///
/// Sources: the tables of CamVid (`label_colors.txt`: red, green, blue and a name), of its copies and DeepGlobe
/// (`class_dict.csv`: a name, red, green, blue) and of CVAT (`labelmap.txt`: a name and red, green, blue between colons).
struct ColourTable: Sendable {
  struct Entry: Sendable {
    let name: String
    /// 24 bits: red, green, blue.
    let colour: Int
  }

  /// The file, or the name of a known table.
  let path: String
  let entries: [Entry]
  private let valueOfColour: [Int: UInt8]

  /// - Parameter values: the value of each colour in masks; the order of the entries without it.
  init(path: String, _ entries: [Entry], values: [Int: UInt8]? = nil) {
    self.path = path
    self.entries = entries
    valueOfColour =
      values
      ?? Dictionary(
        entries.enumerated().map { ($1.colour, UInt8(clamping: $0)) }, uniquingKeysWith: { first, _ in first })
  }

  var colours: Set<Int> { Set(valueOfColour.keys) }

  var stamp: String { valueOfColour.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: " ") }

  static let fileNames = [
    "class_dict.csv", "class_dict_seg.csv", "classes.csv", "_classes.csv", "label_colors.txt", "label_colours.txt",
    "labelmap.txt", "colors.txt", "colours.txt", "palette.csv", "palette.txt",
  ]

  /// Reads a table.
  ///
  /// - Returns: `nil` for a file without colours.
  /// - Throws: `DatasetError` for a colour with two names, or more than 255 of them.
  init?(path: String, _ limits: Limits) throws(DatasetError) {
    var entries: [Entry] = []
    var nameOfColour: [Int: String] = [:]
    for line in try TextFile(path: path, limits).lines() where !line.text.isEmpty {
      guard let entry = ColourTable.entry(line.text) else { continue }
      if let other = nameOfColour.updateValue(entry.name, forKey: entry.colour) {
        throw .invalid(
          file: path, place: line.place, expected: "each colour once",
          found: "the colour of \(other) again for \(entry.name)")
      }
      guard entries.count < 255 else {
        throw .limit(file: path, place: line.place, what: "colours", allowed: 255, found: 256)
      }
      entries.append(entry)
    }
    guard !entries.isEmpty else { return nil }
    self.init(path: path, entries)
  }

  /// A line's name and colour, in any order and with any separator.
  private static func entry(_ line: String) -> Entry? {
    if line.hasPrefix("#"), line.dropFirst().first == " " { return nil }
    let marks: Set<Character> = [",", ";", ":", "\t"]
    let hasMarks = line.contains(where: marks.contains)
    let strong = line.split { marks.contains($0) }.map(trimmed).filter { !$0.isEmpty }
    // With marks between them names may have spaces.
    for fields in hasMarks
      ? [strong, line.split { marks.contains($0) || $0 == " " }.map(trimmed)]
      : [
        line.split { $0 == " " }.map(trimmed)
      ]
    {
      let numbers = fields.map { Int($0).flatMap { 0...255 ~= $0 ? $0 : nil } }
      if let at = numbers.indices.dropLast(2).first(where: { numbers[$0...($0 + 2)].allSatisfy { $0 != nil } }) {
        let rest = fields[..<at] + fields[(at + 3)...]
        let words = rest.filter { Double($0) == nil }
        guard let first = words.first else { return nil }
        let name = hasMarks && fields.count == strong.count ? first : words.joined(separator: " ")
        return Entry(name: name, colour: numbers[at]! << 16 | numbers[at + 1]! << 8 | numbers[at + 2]!)
      }
      let codes = fields.filter { $0.hasPrefix("#") && $0.count == 7 }
      if let code = codes.first, let colour = Int(code.dropFirst(), radix: 16),
        let name = fields.first(where: { !$0.hasPrefix("#") && Double($0) == nil })
      {
        return Entry(name: name, colour: colour)
      }
    }
    return nil
  }

  private static func trimmed(_ field: Substring) -> String {
    let isEdge: (Character) -> Bool = { $0.isWhitespace || $0 == "\"" }
    return String(field.drop(while: isEdge).reversed().drop(while: isEdge).reversed())
  }

  /// The value of each pixel.
  ///
  /// - Throws: `DatasetError.invalid` for a colour that the table does not have.
  /// - Complexity: O(pixels).
  func values(of image: Image, file: String) throws(DatasetError) -> [UInt8] {
    var values = [UInt8](repeating: 0, count: image.width * image.height)
    var last = (colour: -1, value: UInt8(0))
    for index in values.indices {
      let colour = ColourTable.colour(image, index)
      if colour != last.colour {
        guard let value = valueOfColour[colour] else {
          throw .invalid(
            file: file, place: .element("pixel (\(index % image.width), \(index / image.width))"),
            expected: "a colour of \(path)", found: "the colour \(ColourTable.words(colour))")
        }
        last = (colour, value)
      }
      values[index] = last.value
    }
    return values
  }

  static func colour(_ image: Image, _ index: Int) -> Int {
    Int(image.pixels[3 * index]) << 16 | Int(image.pixels[3 * index + 1]) << 8 | Int(image.pixels[3 * index + 2])
  }

  static func words(_ colour: Int) -> String { "\(colour >> 16),\(colour >> 8 & 255),\(colour & 255)" }

  /// Pascal VOC's colours of the values 0 to 255.
  ///
  /// Source: the VOC development kit, `VOClabelcolormap.m`.
  static let pascal: [Int] = (0..<256).map { value in
    var (red, green, blue) = (0, 0, 0)
    for bit in 0..<8 {
      let place = 7 - bit
      let three = value >> (3 * bit)
      red |= (three & 1) << place
      green |= (three >> 1 & 1) << place
      blue |= (three >> 2 & 1) << place
    }
    return red << 16 | green << 8 | blue
  }
}

import Files
import ImageCodecs
import ImageTypes

/// A look at some masks, to learn how classes are stored in them.
///
/// Names of classes alone do not say whether 255 is a class or the ignore index, or whether colours are meant. The look
/// ends with the first mask that settles it, which for masks of class numbers is mostly the first one.
struct MaskSurvey {
  /// The greatest number of masks that are looked at.
  private static let count = 256
  private static let colourCount = 16

  private(set) var values: Set<UInt8> = []
  /// The colours of masks that are not gray, and the number of their pixels.
  private(set) var colours: [Int: Int] = [:]
  private(set) var isColoured = false
  /// Whether there are masks with three equal channels.
  private(set) var isGrayInColour = false
  private(set) var hasPalette = false
  private(set) var paletteColours: Set<Int> = []
  /// The number of masks, and the first.
  let total: Int
  let first: String

  init(_ paths: [String], _ limits: Limits) {
    total = paths.count
    first = paths.first ?? ""
    var seenInColour = 0
    let step = max(1, paths.count / MaskSurvey.count)
    for index in stride(from: 0, to: paths.count, by: step).prefix(MaskSurvey.count) {
      do throws(ImageError) {
        let stored = try PNGDecoder.readIndices(path: paths[index], limits: limits)
        take(stored)
        if values.contains(where: { 1...254 ~= $0 }), values.count > 2 { return }
        if index >= 15 * step, values.contains(where: { 1...254 ~= $0 }) { return }
      } catch {
        // Unreadable masks are reported with their pictures.
        guard case .notMask = error, let image = try? ImageFile.read(path: paths[index], limits: limits) else {
          continue
        }
        take(image)
        seenInColour += 1
        if seenInColour == MaskSurvey.colourCount { return }
      }
    }
  }

  private mutating func take(_ stored: IndexedImage) {
    var isThere = [Bool](repeating: false, count: 256)
    for value in stored.indices { isThere[Int(value)] = true }
    for value in 0..<256 where isThere[value] {
      values.insert(UInt8(value))
      guard 3 * value + 2 < stored.palette.count else { continue }
      hasPalette = true
      paletteColours.insert(
        Int(stored.palette[3 * value]) << 16 | Int(stored.palette[3 * value + 1]) << 8
          | Int(stored.palette[3 * value + 2]))
    }
  }

  private mutating func take(_ image: Image) {
    if let gray = MaskSurvey.grayValues(image) {
      isGrayInColour = true
      values.formUnion(gray)
      for value in Set(gray) { colours[Int(value) * 0x10101, default: 0] += 1 }
      return
    }
    isColoured = true
    var last = (colour: -1, count: 0)
    for index in 0..<image.width * image.height {
      let colour = ColourTable.colour(image, index)
      if colour == last.colour {
        last.count += 1
        continue
      }
      if last.count > 0 { colours[last.colour, default: 0] += last.count }
      // A photograph in the place of a mask has too many.
      if colours.count > 4096 { return }
      last = (colour, 1)
    }
    colours[last.colour, default: 0] += last.count
  }

  /// The values of a picture whose three channels are equal everywhere; `nil` for another one.
  static func grayValues(_ image: Image) -> [UInt8]? {
    var values = [UInt8](repeating: 0, count: image.width * image.height)
    for index in values.indices {
      let red = image.pixels[3 * index]
      guard red == image.pixels[3 * index + 1], red == image.pixels[3 * index + 2] else { return nil }
      values[index] = red
    }
    return values
  }

  /// The colours in words, the most frequent first.
  var listedColours: String {
    let sorted = colours.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
    let shown = sorted.prefix(12).map { ColourTable.words($0.key) }.joined(separator: " | ")
    return sorted.count > 12 ? "\(sorted.count) colours, among them \(shown)" : "the colours \(shown)"
  }

  /// The second value of masks with two; `nil` where a class of that value is known, or there are more.
  func secondValue(known: Set<Int>) -> Int? {
    let rest = values.subtracting([0])
    guard rest.count == 1, let value = rest.first.map({ Int($0) }), !known.contains(value), value > 0 else {
      return nil
    }
    return value
  }
}

/// How a data set's masks are read: the classes of their values or colours.
struct MaskReading {
  enum Kind {
    case colours(ColourTable)
    case gray
    case values
  }

  let kind: Kind
  let meaning: MaskMeaning

  func source(_ path: String) -> MaskSource {
    switch kind {
    case .colours(let table): return MaskSource(storage: .colours(path: path, table), meaning: meaning)
    case .gray: return MaskSource(storage: .gray(path: path), meaning: meaning)
    case .values: return MaskSource(storage: .png(path: path), meaning: meaning)
    }
  }

  init(kind: Kind, meaning: MaskMeaning) {
    self.kind = kind
    self.meaning = meaning
  }

  /// Decides how masks are read.
  ///
  /// - Parameters:
  ///   - classOfValue: the known classes of values, that of value 0 being 0.
  ///   - table: the table of colours, whose values are those of `classOfValue`.
  /// - Throws: `DatasetError` for colours that no table has.
  init(
    _ survey: MaskSurvey, _ classOfValue: [Int: Int], _ numbering: ClassNumbering, table: ColourTable?,
    into collector: inout Collector
  ) throws(DatasetError) {
    var classOfValue = classOfValue
    if let table, !survey.isColoured || survey.colours.keys.allSatisfy(table.colours.contains) {
      let isByColour =
        survey.isColoured
        || survey.hasPalette && survey.paletteColours.isSubset(of: table.colours)
        || !survey.hasPalette
          && survey.values.contains { value in classOfValue[Int(value)] == nil }
          && survey.values.allSatisfy { table.colours.contains(Int($0) * 0x10101) }
      if isByColour {
        collector.note(.colours(table: table.path), survey.first, count: survey.total)
        self.init(kind: .colours(table), meaning: MaskMeaning(classOfValue))
        return
      }
    }
    if survey.isColoured {
      if table == nil, let pascal = MaskReading.pascal(survey, classOfValue) {
        collector.note(.colours(table: pascal.path), survey.first, count: survey.total)
        self.init(kind: .colours(pascal), meaning: MaskMeaning(classOfValue))
        return
      }
      let strangers = survey.colours.keys.filter { !(table?.colours.contains($0) ?? true) }.sorted()
      throw .maskColours(
        file: survey.first, found: survey.listedColours, table: table?.path,
        missing: strangers.prefix(12).map(ColourTable.words))
    }
    let classes = numbering.classes.count - 1
    let known = Set(classOfValue.keys)
    if classes == 1, let value = survey.secondValue(known: known) {
      classOfValue = [0: 0, value: 1]
      collector.note(
        .twoValues(value: value, className: numbering.classes[1].name), survey.first, count: survey.total)
    } else if classes > 1, survey.values.isSubset(of: [0, 255]), survey.values.contains(255) {
      collector.note(.voidOnly, survey.first, count: survey.total)
    }
    self.init(kind: survey.isGrayInColour ? .gray : .values, meaning: MaskMeaning(classOfValue))
  }

  /// Pascal VOC's colour map, where it has all the colours, and these are of known classes.
  private static func pascal(_ survey: MaskSurvey, _ classOfValue: [Int: Int]) -> ColourTable? {
    var values: [Int: UInt8] = [:]
    for (value, colour) in ColourTable.pascal.enumerated() where classOfValue[value] != nil || value == 255 {
      values[colour] = UInt8(value)
    }
    guard survey.colours.keys.allSatisfy({ values[$0] != nil }) else { return nil }
    return ColourTable(path: "Pascal VOC's colour map", [], values: values)
  }
}

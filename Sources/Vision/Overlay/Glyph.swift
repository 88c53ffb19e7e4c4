import ImageTypes

/// The strokes of one character as straight segments, in the font's units.
package struct Glyph {
  package struct Point: Hashable { package var x, y: Float }

  /// The segments' end points; a curve is eight segments.
  package private(set) var pieces: [(from: Point, to: Point)] = []
  /// The width in units from the first stroke to the end of the last.
  package private(set) var width: Float = 0

  /// The glyph of a character; an empty frame for anything but printable ASCII.
  package init(_ character: Character) {
    // Swift treats a carriage return and line feed as one character with the ASCII value 10.
    let code = Int(character.asciiValue ?? 0)
    self = (32...126).contains(code) ? Self.printable[code - 32] : Self.unknown
  }

  private static let printable = StrokeFont.shapes.indices.map { index in
    let width: Float? = index == 0 ? StrokeFont.space : (16...25).contains(index) ? StrokeFont.digit : nil
    return Glyph(shape: StrokeFont.shapes[index], width: width)
  }
  private static let unknown = Glyph(shape: StrokeFont.unknown, width: nil)

  private init(shape: String, width fixed: Float?) {
    draw(shape)
    width = fixed ?? pieces.reduce(0) { max($0, $1.from.x, $1.to.x) }
  }

  /// Parses a shape's commands.
  ///
  /// The table is part of this package, so a word that is neither a letter nor a number is a mistake in it.
  private mutating func draw(_ shape: String) {
    var command: Character = "M"
    var numbers: [Float] = []
    var pen = Point(x: 0, y: 0)
    for word in shape.split(separator: " ") {
      var digits = word
      if let first = word.first, first.isLetter {
        command = first
        digits = word.dropFirst()
      }
      guard let number = Float(digits) else { preconditionFailure("\(word) in the shape \(shape)") }
      numbers.append(number)
      guard numbers.count == (command == "Q" ? 4 : 2) else { continue }
      let end = Point(x: numbers[numbers.count - 2], y: numbers[numbers.count - 1])
      if command == "L" { pieces.append((pen, end)) }
      if command == "Q" { curve(from: pen, by: Point(x: numbers[0], y: numbers[1]), to: end) }
      if command == "M" { command = "L" }
      pen = end
      numbers = []
    }
  }

  private mutating func curve(from start: Point, by control: Point, to end: Point) {
    var last = start
    for step in 1...8 {
      let t = Float(step) / 8, s = 1 - t
      let next = Point(
        x: s * s * start.x + 2 * s * t * control.x + t * t * end.x,
        y: s * s * start.y + 2 * s * t * control.y + t * t * end.y)
      pieces.append((last, next))
      last = next
    }
  }

  /// The segments within `reach` units of a row, usually few.
  func pieces(near y: Float, reach: Float) -> [(from: Point, to: Point)] {
    pieces.filter { min($0.from.y, $0.to.y) - reach <= y && y <= max($0.from.y, $0.to.y) + reach }
  }

  /// The distance in units from a point to the nearest of some segments.
  static func distance(to pieces: [(from: Point, to: Point)], x: Float, y: Float) -> Float {
    var best = Float.infinity
    for piece in pieces {
      let dx = piece.to.x - piece.from.x, dy = piece.to.y - piece.from.y
      let px = x - piece.from.x, py = y - piece.from.y
      let length = dx * dx + dy * dy
      let along = length > 0 ? min(max((px * dx + py * dy) / length, 0), 1) : 0
      let ex = px - along * dx, ey = py - along * dy
      best = min(best, ex * ex + ey * ey)
    }
    return best.squareRoot()
  }
}

/// A line of text with its size.
package struct TextLine {
  /// Pixels per font unit, at least 1.
  package let scale: Float
  private let glyphs: [Glyph]

  package init(_ text: String, scale: Float) {
    self.scale = scale
    glyphs = text.map(Glyph.init)
  }

  /// The width in pixels from the first stroke to the end of the last.
  package var width: Int {
    let units = glyphs.reduce(0) { $0 + $1.width + StrokeFont.gap } - StrokeFont.gap + 1
    return glyphs.isEmpty ? 0 : Int((units * scale).rounded(.up))
  }

  /// The height of a line in pixels, including ascenders and descenders.
  package var height: Int { Int(((6 + 1 + StrokeFont.ascent + StrokeFont.descent) * scale).rounded(.up)) }

  /// The distance in pixels from a line's top to the middle of its capitals and digits.
  package var middle: Int { Int((3.5 + StrokeFont.ascent) * scale) }

  /// Draws the text with its upper left corner at a pixel; strokes outside the image are clipped.
  package func draw(on image: inout Image, left: Int, top: Int, _ colour: Colour) {
    let radius = 0.6 * scale
    var pen = Float(left)
    for glyph in glyphs {
      // Whole pixels keep the vertical strokes of small text sharp.
      let origin = Int(pen.rounded())
      let columns = Int((glyph.width + 1) * scale) + 2
      for y in max(top, 0)..<max(min(top + height, image.height), max(top, 0)) {
        let uy = (Float(y - top) + 0.5) / scale - 0.5 - StrokeFont.ascent
        let pieces = glyph.pieces(near: uy, reach: (radius + 0.5) / scale)
        if pieces.isEmpty { continue }
        for x in max(origin - 1, 0)..<max(min(origin + columns, image.width), max(origin - 1, 0)) {
          let ux = (Float(x - origin) + 0.5) / scale - 0.5
          let distance = Glyph.distance(to: pieces, x: ux, y: uy) * scale
          let coverage = min(max(radius - distance + 0.5, 0), 1)
          if coverage > 0 { image.mix(colour, x: x, y: y, weight: Int(coverage * 256)) }
        }
      }
      pen += (glyph.width + StrokeFont.gap) * scale
    }
  }
}

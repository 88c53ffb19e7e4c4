import ImageTypes
import Overlay

/// The common style of all charts.
enum Ink {
  static let paper = Colour.white
  static let text = Colour(red: 38, green: 38, blue: 42)
  static let soft = Colour(red: 110, green: 110, blue: 118)
  static let axis = Colour(red: 140, green: 140, blue: 148)
  static let grid = Colour(red: 230, green: 230, blue: 234)

  /// The colours of curves: dark enough for a white background, and distinct for red-green colour blindness.
  static let curves: [Colour] = [
    Colour(red: 0, green: 104, blue: 181),  // blue
    Colour(red: 214, green: 90, blue: 0),  // vermilion
    Colour(red: 0, green: 146, blue: 104),  // green
    Colour(red: 186, green: 74, blue: 150),  // purple
    Colour(red: 222, green: 148, blue: 0),  // orange
    Colour(red: 70, green: 170, blue: 226),  // sky
    Colour(red: 120, green: 82, blue: 50),  // brown
    Colour(red: 70, green: 70, blue: 76),  // slate
  ]

  /// The sizes of text, in pixels per font unit.
  static let title: Float = 2.25
  static let name: Float = 1.75
  static let small: Float = 1.5
}

extension Image {
  /// Writes a text with its left or right end, or its middle, at a column.
  ///
  /// - Parameter align: 0 for the left end, 0.5 for the middle, 1 for the right end.
  mutating func write(_ line: TextLine, x: Int, top: Int, align: Float = 0, _ colour: Colour = Ink.text) {
    line.draw(on: &self, left: x - Int((Float(line.width) * align).rounded()), top: top, colour)
  }

  /// Writes a text upwards.
  ///
  /// - Parameters:
  ///   - left: the column of the text's top.
  ///   - y: the row of the text's beginning (`align` 0), middle (0.5) or end (1).
  mutating func writeUpwards(_ line: TextLine, left: Int, y: Int, align: Float = 0, _ colour: Colour = Ink.text) {
    guard line.width > 0 else { return }
    var lying = Image(width: line.width + 2, height: line.height + 2)
    line.draw(on: &lying, left: 1, top: 1, .white)
    let bottom = y + Int((Float(lying.width) * align).rounded())
    for row in 0..<lying.height {
      for column in 0..<lying.width {
        let share = Int(lying.pixels[(row * lying.width + column) * 3])
        let (px, py) = (left - 1 + row, bottom - 1 - column)
        guard share > 0, (0..<width).contains(px), (0..<height).contains(py) else { continue }
        mix(colour, x: px, y: py, weight: share + share >> 7)
      }
    }
  }

  /// Copies another image into this one, clipped to it.
  package mutating func place(_ other: Image, left: Int, top: Int) {
    for y in max(-top, 0)..<max(min(other.height, height - top), max(-top, 0)) {
      let first = max(-left, 0), last = min(other.width, width - left)
      guard first < last else { return }
      let from = (y * other.width + first) * 3, to = ((top + y) * width + left + first) * 3
      pixels.replaceSubrange(to..<to + (last - first) * 3, with: other.pixels[from..<from + (last - first) * 3])
    }
  }
}

/// The coverage of an area's pixels by a line.
///
/// A pixel where the line crosses itself is covered once.
struct Coverage {
  let area: PixelRect
  private var values: [Float]

  init(_ area: PixelRect) {
    self.area = area
    values = [Float](repeating: 0, count: max(area.width, 0) * max(area.height, 0))
  }

  /// Adds a straight segment with round ends, in pixels of the image.
  mutating func add(from a: (x: Float, y: Float), to b: (x: Float, y: Float), thickness: Float) {
    let reach = thickness / 2 + 1
    guard min(a.x, b.x) - reach < Float(area.right), max(a.x, b.x) + reach > Float(area.left),
      min(a.y, b.y) - reach < Float(area.bottom), max(a.y, b.y) + reach > Float(area.top)
    else { return }
    let left = max(Int(max(min(a.x, b.x) - reach, Float(area.left))), area.left)
    let right = min(Int(min(max(a.x, b.x) + reach, Float(area.right))) + 1, area.right)
    let top = max(Int(max(min(a.y, b.y) - reach, Float(area.top))), area.top)
    let bottom = min(Int(min(max(a.y, b.y) + reach, Float(area.bottom))) + 1, area.bottom)
    let dx = b.x - a.x, dy = b.y - a.y
    let squared = dx * dx + dy * dy
    for y in top..<max(bottom, top) {
      for x in left..<max(right, left) {
        let px = Float(x) + 0.5 - a.x, py = Float(y) + 0.5 - a.y
        let along = squared > 0 ? min(max((px * dx + py * dy) / squared, 0), 1) : 0
        let ex = px - along * dx, ey = py - along * dy
        let covered = min(thickness / 2 + 0.5 - (ex * ex + ey * ey).squareRoot(), 1)
        let at = (y - area.top) * area.width + x - area.left
        if covered > values[at] { values[at] = covered }
      }
    }
  }

  /// Mixes a colour into the image by the coverage.
  func paint(_ image: inout Image, _ colour: Colour, opacity: Float = 1) {
    for y in max(area.top, 0)..<max(min(area.bottom, image.height), max(area.top, 0)) {
      for x in max(area.left, 0)..<max(min(area.right, image.width), max(area.left, 0)) {
        let value = values[(y - area.top) * area.width + x - area.left]
        if value > 0 { image.mix(colour, x: x, y: y, weight: Int(value * opacity * 256)) }
      }
    }
  }
}

import ImageTypes

/// A box with a label.
public struct Annotation: Hashable, Sendable {
  /// The box in pixels of the image: 0 is the left or top edge of its first pixel.
  public var box: Box
  /// The label in printable ASCII ("person 0.98"), possibly empty; any other character is drawn as an empty frame.
  public var text: String
  /// The index into `Palette.boxes`, modulo its length, such as a class id.
  public var colourIndex: Int

  /// Creates a box to draw; an empty text has no plate.
  public init(box: Box, text: String, colourIndex: Int) {
    self.box = box
    self.text = text
    self.colourIndex = colourIndex
  }
}

/// The drawing of results on images.
public enum Overlay {
  /// Draws boxes with their labels, in sizes relative to the image and readable on light and dark background.
  ///
  /// A line has a dark edge on both sides, and words stand in black or white on a plate in the box's colour. Plates
  /// stay inside the picture and out of each other's way where there is room. The first annotation is drawn on top. A
  /// box that is not finite, or lies outside the picture, is left out.
  /// - Complexity: O(pixels touched) and O(n²) comparisons of plates.
  public static func drawBoxes(_ annotations: [Annotation], on image: inout Image) {
    let style = Style(width: image.width, height: image.height)
    let visible = annotations.compactMap { annotation in
      pixels(of: annotation.box, in: image).map { (annotation: annotation, rect: $0) }
    }
    for (annotation, rect) in visible.reversed() {
      let colour = Palette.box(annotation.colourIndex)
      let outside = rect.inset(by: -style.edge)
      image.frame(outside, thickness: style.line + 2 * style.edge, .black, weight: style.edgeWeight)
      image.frame(rect, thickness: style.line, colour)
    }
    var plates: [(rect: PixelRect, line: TextLine, colour: Colour)] = []
    func cost(of place: PixelRect) -> Int { plates.reduce(0) { $0 + $1.rect.overlap(with: place) } }
    for (annotation, rect) in visible where !annotation.text.isEmpty {
      guard let line = fit(annotation.text, style, image) else { continue }
      let size = (line.width + 2 * style.margin, line.height + 2 * style.padding)
      let place = places(for: size, beside: rect, style, image).min { cost(of: $0) < cost(of: $1) }
      if let place { plates.append((place, line, Palette.box(annotation.colourIndex))) }
    }
    for plate in plates.reversed() {
      image.frame(plate.rect.inset(by: -style.edge), thickness: style.edge, .black, weight: style.edgeWeight)
      image.fill(plate.rect, plate.colour)
      plate.line.draw(
        on: &image, left: plate.rect.left + style.margin, top: plate.rect.top + style.padding, plate.colour.textColour)
    }
  }

  /// A box as whole pixels inside the image, at least one pixel wide and high.
  private static func pixels(of box: Box, in image: Image) -> PixelRect? {
    let width = Float(image.width), height = Float(image.height)
    guard box.isProper, box.x1 < width, box.y1 < height, box.x2 > 0, box.y2 > 0 else { return nil }
    let left = min(Int(max(box.x1, 0).rounded()), image.width - 1)
    let top = min(Int(max(box.y1, 0).rounded()), image.height - 1)
    return PixelRect(
      left: left, top: top, right: max(Int(min(box.x2, width).rounded()), left + 1),
      bottom: max(Int(min(box.y2, height).rounded()), top + 1))
  }

  /// The text, scaled down and shortened to fit the image; `nil` if not even one character fits.
  private static func fit(_ text: String, _ style: Style, _ image: Image) -> TextLine? {
    let room = image.width - 2 * style.margin
    // More characters never fit, and an overlong label must not take a minute.
    var kept = String(text.prefix(1000))
    var line = TextLine(kept, scale: style.scale)
    if line.width > room { line = TextLine(kept, scale: max(1, style.scale * Float(room) / Float(line.width))) }
    while line.width > room, !kept.isEmpty {
      // In large steps as long as the text is far too long.
      kept.removeLast(min(kept.count, max(1, (line.width - room) / Int(8 * line.scale))))
      line = TextLine(kept + "..", scale: line.scale)
    }
    return kept.isEmpty || line.height + 2 * style.padding > image.height ? nil : line
  }

  /// The possible positions of a plate, the best first: above the box, below its upper edge, under the box, above its
  /// lower edge.
  private static func places(
    for size: (width: Int, height: Int), beside rect: PixelRect, _ style: Style, _ image: Image
  ) -> [PixelRect] {
    let left = max(0, min(rect.left, image.width - size.width))
    func place(_ top: Int) -> PixelRect {
      PixelRect(left: left, top: top, right: left + size.width, bottom: top + size.height)
    }
    let tops = [rect.top - size.height, rect.top, rect.bottom, rect.bottom - size.height]
    let inside = tops.filter { $0 >= 0 && $0 + size.height <= image.height }
    // In an image lower than two plates no position may be inside.
    return inside.isEmpty ? [place(max(0, min(rect.top, image.height - size.height)))] : inside.map(place)
  }

  /// Widths in pixels, in proportion to the image.
  private struct Style {
    let line, edge: Int
    /// The space left and right of the label, and above and below it.
    let margin, padding: Int
    /// Pixels per font unit.
    let scale: Float
    /// The opacity of the dark edges, of 256.
    let edgeWeight = 150

    init(width: Int, height: Int) {
      let side = Float(min(width, height))
      line = max(1, Int((0.6 + side * 0.003).rounded()))
      edge = max(1, Int((side * 0.001).rounded()))
      let wanted = 0.3 + side * 0.003
      scale = max(1, wanted < 3 ? (wanted * 4).rounded() / 4 : wanted.rounded())
      margin = Int((2 * scale).rounded())
      padding = Int((0.9 * scale).rounded())
    }
  }
}

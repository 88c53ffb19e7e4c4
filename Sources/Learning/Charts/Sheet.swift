import ImageTypes
import Overlay

/// A sheet of images side by side on white, each with a caption above it.
package struct Sheet: Sendable {
  package struct Panel: Sendable {
    package var image: Image
    package var caption: String

    package init(image: Image, caption: String) {
      self.image = image
      self.caption = caption
    }
  }

  /// From left to right.
  package var panels: [Panel]
  /// The legend below the images: names and their colours.
  package var legend: [(name: String, colour: Colour)]
  /// The maximum of a panel's longer side in pixels; larger images are shrunk.
  package var side = 800

  package init(_ panels: [Panel], legend: [(name: String, colour: Colour)] = []) {
    precondition(!panels.isEmpty, "a sheet without pictures")
    self.panels = panels
    self.legend = legend
  }

  /// The image.
  ///
  /// - Complexity: O(pixels of the panels).
  package var image: Image {
    let margin = 12, gap = 10, swatch = 14
    let images = panels.map { $0.image.shrunk(toFit: side) }
    let captions = panels.map { TextLine($0.caption, scale: Ink.name) }
    // The column of a narrow image is as wide as its caption.
    let columns = zip(images, captions).map { max($0.width, min($1.width + 2, 900)) }
    let names = legend.map { (line: TextLine($0.name, scale: Ink.small), colour: $0.colour) }
    let legendWidth = names.reduce(0) { $0 + swatch + 6 + $1.line.width + 18 }
    let top = margin + (captions[0].height) + 6
    let height = images.map(\.height).max() ?? 0
    let legendHeight = names.isEmpty ? 0 : gap + (names[0].line.height)
    let width = max(columns.reduce(0, +) + (panels.count - 1) * gap, legendWidth) + 2 * margin
    var sheet = Image(
      width: width, height: top + height + legendHeight + margin, red: 255, green: 255, blue: 255)
    var left = margin
    for (index, picture) in images.enumerated() {
      sheet.write(captions[index], x: left, top: margin)
      sheet.place(picture, left: left, top: top)
      left += columns[index] + gap
    }
    left = margin
    for name in names {
      let row = top + height + gap
      let middle = row + name.line.middle
      sheet.fill(
        PixelRect(left: left, top: middle - swatch / 2, right: left + swatch, bottom: middle + swatch / 2), name.colour)
      sheet.write(name.line, x: left + swatch + 6, top: row)
      left += swatch + 6 + name.line.width + 18
    }
    return sheet
  }
}

extension Image {
  /// The image itself, or a smaller one whose pixels are means of squares of pixels, with no side longer than `side`.
  package func shrunk(toFit side: Int) -> Image {
    let factor = (max(width, height) + side - 1) / side
    guard factor > 1 else { return self }
    let columns = (width + factor - 1) / factor, rows = (height + factor - 1) / factor
    var sums = [Int](repeating: 0, count: columns * rows * 3)
    var counts = [Int](repeating: 0, count: columns * rows)
    for y in 0..<height {
      for x in 0..<width {
        let to = y / factor * columns + x / factor, from = (y * width + x) * 3
        counts[to] += 1
        for channel in 0..<3 { sums[to * 3 + channel] += Int(pixels[from + channel]) }
      }
    }
    return Image(
      width: columns, height: rows,
      pixels: sums.indices.map { UInt8((sums[$0] + counts[$0 / 3] / 2) / counts[$0 / 3]) })
  }
}

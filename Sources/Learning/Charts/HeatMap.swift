import ImageTypes
import Overlay

/// A heat map of fractions, for confusion matrices.
package struct HeatMap: Sendable {
  package var title: String
  /// The names of rows and columns ("truth", "prediction").
  package var rowsName, columnsName: String
  package var rows, columns: [String]
  /// A fraction in [0, 1] for each column of each row; `nil` is left empty.
  package var shares: [[Double?]]
  /// The texts of the cells; `nil` for percentages.
  package var texts: [[String]]?

  package init(
    title: String, rowsName: String, columnsName: String, rows: [String], columns: [String], shares: [[Double?]],
    texts: [[String]]? = nil
  ) {
    precondition(!rows.isEmpty && !columns.isEmpty, "a table without cells")
    precondition(
      shares.count == rows.count && shares.allSatisfy { $0.count == columns.count },
      "\(shares.count) rows of shares for \(rows.count)x\(columns.count)")
    self.title = title
    self.rowsName = rowsName
    self.columnsName = columnsName
    self.rows = rows
    self.columns = columns
    self.shares = shares
    self.texts = texts
  }

  /// The image, as large as the table needs.
  ///
  /// - Complexity: O(pixels).
  package var image: Image {
    let margin = 16, gap = 7
    let size = max(rows.count, columns.count)
    // Small tables have large cells with decimals; large tables have small cells with whole percentages.
    let cell = size <= 6 ? 88 : size <= 24 ? 44 : 32
    let names = rows.map { LineChart.Layout.fit($0, 220) }, heads = columns.map { LineChart.Layout.fit($0, 220) }
    let title = TextLine(title, scale: Ink.title)
    let rowsName = TextLine(rowsName, scale: Ink.name), columnsName = TextLine(columnsName, scale: Ink.name)
    // Column heads are horizontal if all of them fit above their columns, and vertical otherwise.
    let lying = heads.allSatisfy { $0.width <= cell - 8 }
    let headHeight = lying ? heads[0].height : (heads.map(\.width).max() ?? 0) + 2
    let left = margin + rowsName.height + gap + (names.map(\.width).max() ?? 0) + gap
    let top = margin + title.height + margin + columnsName.height + gap + headHeight + gap
    let plot = PixelRect(left: left, top: top, right: left + columns.count * cell, bottom: top + rows.count * cell)
    let width = max(plot.right, left + columnsName.width, margin + title.width + 2) + margin
    var image = Image(width: width, height: plot.bottom + margin, red: 255, green: 255, blue: 255)

    image.write(title, x: width / 2, top: margin, align: 0.5)
    let middle = (plot.left + plot.right) / 2
    image.write(
      columnsName, x: max(middle, plot.left + columnsName.width / 2), top: margin + title.height + margin, align: 0.5)
    image.writeUpwards(rowsName, left: margin, y: (plot.top + plot.bottom) / 2, align: 0.5)
    for (index, name) in names.enumerated() {
      let centre = plot.top + index * cell + cell / 2
      image.write(name, x: plot.left - gap, top: centre - name.middle, align: 1)
    }
    for (index, head) in heads.enumerated() {
      let centre = plot.left + index * cell + cell / 2
      if lying {
        image.write(head, x: centre, top: plot.top - gap - head.height, align: 0.5)
      } else {
        image.writeUpwards(head, left: centre - head.middle, y: plot.top - gap)
      }
    }
    for row in rows.indices {
      for column in columns.indices { draw(shares[row][column], row, column, cell, plot, on: &image) }
    }
    image.frame(plot.inset(by: -1), thickness: 1, Ink.axis)
    return image
  }

  private func draw(
    _ share: Double?, _ row: Int, _ column: Int, _ cell: Int, _ plot: PixelRect, on image: inout Image
  ) {
    let rect = PixelRect(
      left: plot.left + column * cell, top: plot.top + row * cell, right: plot.left + (column + 1) * cell,
      bottom: plot.top + (row + 1) * cell)
    let ground = HeatMap.colour(share ?? 0)
    image.fill(rect, ground)
    image.frame(
      PixelRect(left: rect.left, top: rect.top, right: rect.right + 1, bottom: rect.bottom + 1), thickness: 1, Ink.grid)
    // Zeros are left empty, so that the other numbers stand out.
    guard let share, share > 0 else { return }
    let exponent = cell > 60 ? -1 : 0
    let digits = Int((share * (cell > 60 ? 1000 : 100)).rounded())
    let percents = digits == 0 ? "<" + decimal(1, exponent: exponent) : decimal(digits, exponent: exponent)
    let text = texts?[row][column] ?? percents
    let line = TextLine(text, scale: cell > 60 ? Ink.name : cell > 40 ? Ink.small : 1.25)
    let colour = share > 0.55 ? .white : digits == 0 ? Ink.soft : Ink.text
    image.write(
      line, x: (rect.left + rect.right) / 2, top: (rect.top + rect.bottom) / 2 - line.middle, align: 0.5, colour)
  }

  /// The colour of a fraction: from white for 0, through light blue, to dark blue for 1.
  package static func colour(_ share: Double) -> Colour {
    let stops = [(247, 251, 255), (158, 202, 225), (49, 130, 189), (8, 64, 129)]
    let place = min(max(share, 0), 1) * Double(stops.count - 1)
    let index = min(Int(place), stops.count - 2)
    let (a, b, t) = (stops[index], stops[index + 1], place - Double(index))
    func mixed(_ a: Int, _ b: Int) -> UInt8 { UInt8((Double(a) + Double(b - a) * t).rounded()) }
    return share <= 0 ? .white : Colour(red: mixed(a.0, b.0), green: mixed(a.1, b.1), blue: mixed(a.2, b.2))
  }
}

import ImageTypes

extension AugmentationPlan {
  /// A mosaic: the variant's own picture and three others in the quarters around a point.
  ///
  /// Source: "YOLOv4: Optimal Speed and Accuracy of Object Detection", section 3.3.
  package struct Mosaic: Hashable, Sendable {
    /// The three other samples, by number, in the order of their quarters.
    package let others: [Int]
    /// The own picture's quarter: upper left, upper right, lower left, lower right.
    package let own: Int
    /// The point where the quarters meet, relative to the input.
    package var centreX = 0.5
    package var centreY = 0.5
    /// One for each quarter.
    package var tiles: [Tile]

    package init(others: [Int], own: Int, tiles: [Tile]) {
      precondition(others.count == 3 && (0..<4).contains(own) && tiles.count == 4, "a mosaic has four quarters")
      self.others = others
      self.own = own
      self.tiles = tiles
    }
  }

  /// One picture's look in its quarter.
  package struct Tile: Hashable, Sendable {
    package var isMirrored = false
    /// The size relative to the input; a picture that would leave a part of its quarter empty is enlarged.
    package var scale = 0.5
    /// Its position in its range, 0 at one end and 1 at the other.
    package var shareX = 0.5
    package var shareY = 0.5
    package var colour = ColourChange()

    package init() {}
  }
}

extension Augmentation {
  func mosaic(_ draw: inout Draw, pictures: Int) -> AugmentationPlan.Mosaic {
    let own = draw.index(below: 4)
    let others = (0..<3).map { _ in draw.index(below: pictures) }
    let (x, y) = (draw.uniform(mosaicCentre), draw.uniform(mosaicCentre))
    let tiles = (0..<4).map { _ in
      var tile = AugmentationPlan.Tile()
      tile.isMirrored = draw.happens(flip)
      tile.scale = draw.logUniform(mosaicScale)
      (tile.shareX, tile.shareY) = (draw.unit(), draw.unit())
      tile.colour = colour(&draw)
      return tile
    }
    var mosaic = AugmentationPlan.Mosaic(others: others, own: own, tiles: tiles)
    (mosaic.centreX, mosaic.centreY) = (x, y)
    return mosaic
  }

  /// Draws the four pictures into their quarters.
  ///
  /// A box is kept where enough of it is visible in its quarter.
  func add(
    _ mosaic: AugmentationPlan.Mosaic, of picture: LabelledImage, _ others: [LabelledImage], blur: Double,
    to canvas: inout VariantCanvas
  ) {
    precondition(others.count == mosaic.others.count, "\(others.count) other pictures for a mosaic")
    var pictures = others
    pictures.insert(picture, at: mosaic.own)
    // A quarter may have no width or height, and then shows nothing.
    let middleX = min(max(Int((Double(width) * mosaic.centreX).rounded()), 0), width)
    let middleY = min(max(Int((Double(height) * mosaic.centreY).rounded()), 0), height)
    for (quarter, (picture, tile)) in zip(pictures, mosaic.tiles).enumerated() {
      let columns = quarter % 2 == 0 ? 0..<middleX : middleX..<width
      let rows = quarter / 2 == 0 ? 0..<middleY : middleY..<height
      let scale = max(
        tile.scale, Double(columns.count) / Double(width), Double(rows.count) / Double(height))
      let placement = Placement(
        columns: AxisPlacement(
          extent: picture.image.width, canvas: columns, length: Double(width) * scale, share: tile.shareX,
          isMirrored: tile.isMirrored),
        rows: AxisPlacement(
          extent: picture.image.height, canvas: rows, length: Double(height) * scale, share: tile.shareY,
          isMirrored: false))
      canvas.add(picture, placement, tile.colour, blur: blur, .visible(share: minimumVisible, pixels: 2))
    }
  }
}

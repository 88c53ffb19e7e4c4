import ImageTypes

/// The augmentation of training pictures: the ranges of a variant's random numbers.
///
/// Variant 0 is always the picture itself, stretched to the network's input. The others are scaled, moved, mirrored,
/// recoloured and blurred, and may contain an object pasted from another picture. All numbers are functions of the
/// seed, the picture's number and the variant's, whatever the order or the thread.
public struct Augmentation: Hashable, Sendable, Codable {
  /// Columns of the network's input.
  public var width: Int
  /// Rows of the network's input.
  public var height: Int
  /// The probability of being mirrored left to right.
  public var flip = 0.5
  /// The picture's scale relative to filling the input: at 2 a quarter of it is visible, at 0.5 it fills a quarter.
  ///
  /// It is drawn uniformly in the logarithm, as is `aspect`.
  public var scale = 0.5...2.0
  /// The aspect ratio relative to filling the input.
  public var aspect = 0.75...1.3333
  /// A factor of all values.
  public var brightness = 0.7...1.3
  /// A factor of the distance to the mean luma.
  public var contrast = 0.7...1.3
  /// A factor of the distance to gray.
  public var saturation = 0.6...1.4
  /// A turn of the colours around gray, in whole turns.
  public var hue = -0.04...0.04
  /// The probability of losing all colour.
  public var grayscale = 0.05
  /// The probability of being blurred, by a Gaussian of a deviation between 0.5 and 1.2 pixels of the input.
  public var blur = 0.1
  /// The probability of copy-paste: an object pasted from another picture.
  public var copyPaste = 0.0
  /// The classes of pasted objects; empty means all but the background.
  public var copyPasteClasses: [Int] = []
  /// The number of pasted objects, where there are any.
  public var copyPasteCount = 1...2
  /// The height of a pasted object, in heights of the input; drawn uniformly in the logarithm.
  public var copyPasteHeight = 0.25...1.2
  /// The least visible share of a box's area; boxes below it are dropped.
  public var minimumVisible: Float = 0.3
  /// The probability of being zoomed out: the picture lies on a larger canvas of `fill`, SSD's expansion.
  public var zoomOut = 0.0
  /// The canvas's side relative to the picture's on both axes; drawn uniformly.
  public var zoomOutSide = 1.0...4.0
  /// The kinds of patches, one of which is drawn with equal probability.
  ///
  /// Patches are taken after `scale` and `zoomOut`.
  ///
  /// Unless the only kind is the whole picture, a box is kept where its centre is visible, and `minimumVisible` has no
  /// effect.
  public var patches: [PatchChoice] = [.whole]
  /// A patch's width and height relative to the picture's; each is drawn uniformly.
  public var patchSide = 0.3...1.0
  /// A patch's aspect ratio in pixels.
  public var patchAspect = 0.5...2.0
  /// The probability of being one of four pictures in a mosaic instead of being resized, zoomed out or cropped.
  public var mosaic = 0.0
  /// The point where a mosaic's quarters meet, relative to the input on both axes; drawn uniformly.
  public var mosaicCentre = 0.3...0.7
  /// The size of a mosaic's pictures relative to the input; drawn uniformly in the logarithm.
  ///
  /// Each covers its quarter in any case.
  public var mosaicScale = 0.5...1.0
  /// The share of pictures below which a class is rare.
  ///
  /// Pictures with rare classes get more variants.
  ///
  /// See `Dataset.repeatFactors(threshold:)`; 0 gives every picture the same number.
  public var repeatThreshold = 0.0
  /// The colour outside the picture.
  public var fill = Colour(red: 128, green: 128, blue: 128)

  /// The ranges above, for an input of that size, 1 to 8,192 pixels a side.
  public init(width: Int, height: Int) {
    precondition(1...8192 ~= width && 1...8192 ~= height, "an input of \(width)x\(height)")
    self.width = width
    self.height = height
  }

  /// Wider ranges, with a pasted object in most variants, for few pictures and many variants.
  ///
  /// - Parameters:
  ///   - width: columns of the input, 1 to 8,192.
  ///   - height: rows of the input, 1 to 8,192.
  public static func strong(width: Int, height: Int) -> Augmentation {
    var result = Augmentation(width: width, height: height)
    (result.scale, result.aspect) = (0.6...2.0, 0.74...1.35)
    (result.brightness, result.contrast, result.saturation) = (0.5...1.5, 0.6...1.5, 0.4...1.6)
    (result.grayscale, result.blur, result.copyPaste) = (0.08, 0.15, 0.6)
    return result
  }

  /// The augmentation of SSD: patches by their IoU with boxes, zooming out, colours, and mosaics.
  ///
  /// Source: "SSD: Single Shot MultiBox Detector", sections 2.2 and 3.6; the mosaics are YOLOv4's.
  ///
  /// - Parameters:
  ///   - width: columns of the input, 1 to 8,192.
  ///   - height: rows of the input, 1 to 8,192.
  public static func detection(width: Int, height: Int) -> Augmentation {
    var result = Augmentation(width: width, height: height)
    (result.scale, result.aspect, result.grayscale, result.blur) = (1...1, 1...1, 0.02, 0)
    (result.zoomOut, result.patches, result.mosaic) = (0.5, ssdPatches, 0.25)
    // The mean of ImageNet's pictures.
    result.fill = Colour(red: 124, green: 116, blue: 104)
    return result
  }

  /// No augmentation.
  ///
  /// - Parameters:
  ///   - width: columns of the input, 1 to 8,192.
  ///   - height: rows of the input, 1 to 8,192.
  public static func none(width: Int, height: Int) -> Augmentation {
    var result = Augmentation(width: width, height: height)
    (result.flip, result.grayscale, result.blur) = (0, 0, 0)
    (result.scale, result.aspect) = (1...1, 1...1)
    (result.brightness, result.contrast, result.saturation, result.hue) = (1...1, 1...1, 1...1, 0...0)
    return result
  }

  /// The numbers of one variant of one picture.
  ///
  /// They are functions of `seed`, `picture` and `variant`, and of the two counts.
  ///
  /// - Parameters:
  ///   - picture: the picture's index.
  ///   - variant: 0 for the picture itself, 1 or greater for augmented ones.
  ///   - donors: the number of samples with cut-outs.
  ///   - pictures: the number of samples for mosaics; 0 for no mosaics.
  package func plan(seed: UInt64, picture: Int, variant: Int, donors: Int, pictures: Int = 0) -> AugmentationPlan {
    precondition(scale.lowerBound > 0 && aspect.lowerBound > 0 && copyPasteHeight.lowerBound > 0, "a scale of 0")
    precondition(zoomOutSide.lowerBound > 0 && mosaicScale.lowerBound > 0, "a scale of 0")
    precondition(patchSide.lowerBound > 0 && patchSide.upperBound <= 1 && !patches.isEmpty, "no patch to choose")
    var plan = AugmentationPlan()
    guard variant != 0 else { return plan }
    // Every number is drawn, used or not, so that a change of one range does not affect the others' numbers.
    var draw = Draw(seed: seed, picture: picture, variant: variant)
    plan.isMirrored = draw.happens(flip)
    let scale = draw.logUniform(scale)
    let root = draw.logUniform(aspect).squareRoot()
    (plan.scaleX, plan.scaleY) = (scale * root, scale / root)
    (plan.shareX, plan.shareY) = (draw.unit(), draw.unit())
    plan.colour = self.colour(&draw)
    let blurs = draw.happens(blur)
    let deviation = draw.uniform(0.5...1.2)
    plan.blur = blurs ? deviation : 0
    let pastes = draw.happens(copyPaste)
    let count = copyPasteCount.lowerBound + draw.index(below: copyPasteCount.count)
    // Later additions have a random sequence of their own.
    var frame = Draw(seed: Draw.lot(of: "frame", seed: seed), picture: picture, variant: variant)
    let zoomsOut = frame.happens(zoomOut)
    let side = frame.uniform(zoomOutSide)
    let patchSeed = frame.next()
    if frame.happens(mosaic), pictures > 0 {
      plan.mosaic = self.mosaic(&frame, pictures: pictures)
    } else {
      if zoomsOut { (plan.scaleX, plan.scaleY) = (plan.scaleX / side, plan.scaleY / side) }
      if patches != [.whole] { plan.patchSeed = patchSeed }
    }
    guard pastes, donors > 0 else { return plan }
    plan.pastes = (0..<count).map { _ in
      var paste = AugmentationPlan.Paste(donor: draw.index(below: donors), lot: draw.unit())
      paste.isMirrored = draw.happens(0.5)
      paste.height = draw.logUniform(copyPasteHeight)
      (paste.shareX, paste.shareY) = (draw.unit(), draw.unit())
      paste.colour = self.colour(&draw)
      return paste
    }
    return plan
  }

  func colour(_ draw: inout Draw) -> ColourChange {
    let brightness = draw.uniform(brightness)
    let contrast = draw.uniform(contrast)
    let saturation = draw.uniform(saturation)
    let hue = draw.uniform(hue)
    return ColourChange(
      brightness: brightness, contrast: contrast, saturation: draw.happens(grayscale) ? 0 : saturation, hue: hue)
  }
}

/// The plan of one variant, independent of the picture's size.
package struct AugmentationPlan: Hashable, Sendable {
  /// Whether it is mirrored left to right.
  package var isMirrored = false
  /// The picture's width relative to the input's.
  package var scaleX = 1.0
  /// The picture's height relative to the input's.
  package var scaleY = 1.0
  /// The position in x: the left edges of picture and input coincide at 0, the right ones at 1.
  package var shareX = 0.0
  /// The position in y: the upper edges of picture and input coincide at 0, the lower ones at 1.
  package var shareY = 0.0
  /// The change of the picture's colours.
  package var colour = ColourChange()
  /// The standard deviation of the Gaussian blur in pixels of the input; 0 for none.
  package var blur = 0.0
  /// The pasted objects, in the order of pasting.
  package var pastes: [Paste] = []

  /// The seed of the search for a patch, done once the boxes are known; `nil` for the whole picture.
  package var patchSeed: UInt64?
  /// A mosaic, which replaces size, place, mirroring, colour and patch.
  package var mosaic: Mosaic?

  package init() {}

  /// An object pasted from another picture.
  package struct Paste: Hashable, Sendable {
    /// The index among the samples with cut-outs.
    package let donor: Int
    /// The choice of its cut-out, in [0, 1).
    package let lot: Double
    package var isMirrored = false
    /// The height relative to the input's.
    package var height = 0.5
    /// Its position, 0 at one end and 1 at the other.
    ///
    /// At either end a quarter of it is outside the input.
    package var shareX = 0.0
    package var shareY = 0.0
    package var colour = ColourChange()

    package init(donor: Int, lot: Double) {
      self.donor = donor
      self.lot = lot
    }
  }
}

extension Draw {
  /// A number in the range, uniform in the logarithm.
  mutating func logUniform(_ range: ClosedRange<Double>) -> Double {
    range.lowerBound * power(range.upperBound / range.lowerBound, unit())
  }
}

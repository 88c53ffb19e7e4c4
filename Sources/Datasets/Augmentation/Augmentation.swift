/// How pictures are varied for training: the ranges that a variant's numbers are drawn from.
///
/// Variant 0 is always the picture itself, stretched to the network's input. Each other one is shown larger or smaller,
/// moved, mirrored, recoloured and blurred, and may carry a thing cut out of another picture. All of it is a function of
/// the seed, the picture's number and the variant's, whatever the order or the thread.
public struct Augmentation: Hashable, Sendable, Codable {
  /// Columns of the network's input.
  public var width: Int
  /// Rows of the network's input.
  public var height: Int
  /// The probability of being mirrored left to right.
  public var flip = 0.5
  /// How large the picture is against filling the input: at 2 a quarter of it is seen, at 0.5 it fills a quarter.
  ///
  /// Drawn evenly in its logarithm, as is `aspect`.
  public var scale = 0.5...2.0
  /// Width against height on top of filling the input.
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
  /// The probability of carrying a thing cut out of another picture.
  public var copyPaste = 0.0
  /// The classes of which things are cut out; empty means all but the background.
  public var copyPasteClasses: [Int] = []
  /// How many things are pasted where any is.
  public var copyPasteCount = 1...2
  /// How high a thing is pasted, in heights of the input; drawn evenly in its logarithm.
  public var copyPasteHeight = 0.25...1.2
  /// A box stays where at least this share of its area does.
  public var minimumVisible: Float = 0.3
  /// The gray outside the picture.
  public var fill: UInt8 = 128

  /// The ranges above, for an input of that size.
  public init(width: Int, height: Int) {
    precondition(1...8192 ~= width && 1...8192 ~= height, "an input of \(width)x\(height)")
    self.width = width
    self.height = height
  }

  /// Wider ranges, and in most variants a thing of another picture: for few pictures and many variants.
  public static func strong(width: Int, height: Int) -> Augmentation {
    var result = Augmentation(width: width, height: height)
    (result.scale, result.aspect) = (0.6...2.0, 0.74...1.35)
    (result.brightness, result.contrast, result.saturation) = (0.5...1.5, 0.6...1.5, 0.4...1.6)
    (result.grayscale, result.blur, result.copyPaste) = (0.08, 0.15, 0.6)
    return result
  }

  /// Nothing but the picture itself.
  public static func none(width: Int, height: Int) -> Augmentation {
    var result = Augmentation(width: width, height: height)
    (result.flip, result.grayscale, result.blur) = (0, 0, 0)
    (result.scale, result.aspect) = (1...1, 1...1)
    (result.brightness, result.contrast, result.saturation, result.hue) = (1...1, 1...1, 1...1, 0...0)
    return result
  }

  /// The numbers of one variant of one picture.
  ///
  /// - Parameter donors: how many samples things can be cut out of.
  public func plan(seed: UInt64, picture: Int, variant: Int, donors: Int) -> AugmentationPlan {
    precondition(scale.lowerBound > 0 && aspect.lowerBound > 0 && copyPasteHeight.lowerBound > 0, "a scale of 0")
    var plan = AugmentationPlan()
    guard variant != 0 else { return plan }
    // Every number is drawn, wanted or not, so that changing one range leaves the others' numbers alone.
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

  private func colour(_ draw: inout Draw) -> ColourChange {
    let brightness = draw.uniform(brightness)
    let contrast = draw.uniform(contrast)
    let saturation = draw.uniform(saturation)
    let hue = draw.uniform(hue)
    return ColourChange(
      brightness: brightness, contrast: contrast, saturation: draw.happens(grayscale) ? 0 : saturation, hue: hue)
  }
}

/// What is done to one picture; without the picture's own size.
public struct AugmentationPlan: Hashable, Sendable {
  public package(set) var isMirrored = false
  /// The picture's size in inputs.
  public package(set) var scaleX = 1.0
  public package(set) var scaleY = 1.0
  /// Where it lies in its play, 0 at one end and 1 at the other.
  public package(set) var shareX = 0.0
  public package(set) var shareY = 0.0
  public package(set) var colour = ColourChange()
  /// A Gaussian's deviation in pixels of the input; 0 for none.
  public package(set) var blur = 0.0
  /// In the order in which they are laid on the picture.
  public package(set) var pastes: [Paste] = []

  package init() {}

  /// A thing from another picture.
  public struct Paste: Hashable, Sendable {
    /// Which of the samples that have things to cut out.
    public let donor: Int
    /// Which of its things, in [0, 1).
    package let lot: Double
    package var isMirrored = false
    /// In heights of the input.
    package var height = 0.5
    /// Where it lies, 0 at one end and 1 at the other: at either a quarter of it is outside the input.
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
  /// In the range, evenly in the logarithm.
  mutating func logUniform(_ range: ClosedRange<Double>) -> Double {
    range.lowerBound * power(range.upperBound / range.lowerBound, unit())
  }
}

import ImageTypes

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// SSD's default boxes (anchors): centre and size, relative to the image.
///
/// Source: "SSD: Single Shot MultiBox Detector", section 2.2, as the TensorFlow Object Detection API generates them:
/// three small boxes on the first map, six on each other.
public struct DefaultBoxes: Hashable, Sendable {
  /// Centre and size in units of the image's height and width.
  public struct Anchor: Hashable, Sendable {
    /// Centre (`y`, `x`) in [0, 1], and size.
    public let y, x, height, width: Float
  }

  /// The boxes in the order map, row, column, box.
  public let anchors: [Anchor]

  /// Aspect ratios (width over height); the last is the API's rounded third.
  static let ratios: [Float] = [1, 2, 0.5, 3, 0.3333]

  /// Boxes at each pixel of map `index`.
  public static func count(map index: Int) -> Int { index == 0 ? 3 : ratios.count + 1 }

  /// Scale and aspect ratio of each box of a cell.
  ///
  /// - Parameter index: of the map, shallow to deep.
  package static func shapes(
    map index: Int, of maps: Int, minimumScale: Float, maximumScale: Float
  ) -> [(scale: Float, ratio: Float)] {
    let last = Float(max(maps - 1, 1))
    func scale(_ index: Int) -> Float {
      index < maps ? minimumScale + (maximumScale - minimumScale) * Float(index) / last : 1
    }
    guard index > 0 else { return [(0.1, 1), (scale(0), 2), (scale(0), 0.5)] }
    return ratios.map { (scale(index), $0) } + [((scale(index) * scale(index + 1)).squareRoot(), 1)]
  }

  /// The default boxes of some maps, in the order map, row, column, box.
  ///
  /// - Parameters:
  ///   - maps: rows and columns of each map, shallow to deep, at least two.
  ///   - inputHeight: rows of the network's input; boxes are square at ratio 1 in its pixels.
  ///   - inputWidth: columns of the network's input.
  public init(
    maps: [(height: Int, width: Int)], minimumScale: Float, maximumScale: Float, inputHeight: Int, inputWidth: Int
  ) {
    let shortest = Float(min(inputHeight, inputWidth))
    let unitHeight = shortest / Float(inputHeight)
    let unitWidth = shortest / Float(inputWidth)
    var anchors: [Anchor] = []
    for (index, map) in maps.enumerated() {
      let shapes = DefaultBoxes.shapes(
        map: index, of: maps.count, minimumScale: minimumScale, maximumScale: maximumScale)
      let sizes = shapes.map { shape -> (height: Float, width: Float) in
        let root = shape.ratio.squareRoot()
        return (shape.scale / root * unitHeight, shape.scale * root * unitWidth)
      }
      for row in 0..<map.height {
        let y = (Float(row) + 0.5) / Float(map.height)
        for column in 0..<map.width {
          let x = (Float(column) + 0.5) / Float(map.width)
          for size in sizes { anchors.append(Anchor(y: y, x: x, height: size.height, width: size.width)) }
        }
      }
    }
    self.anchors = anchors
  }

  /// The box decoded from a code relative to its anchor.
  ///
  /// - Parameters:
  ///   - code: `ty, tx, th, tw`.
  ///   - divisors: the coder's scales, for example 10, 10, 5, 5.
  /// Source: "Faster R-CNN", section 3.1.2.
  public func decode(_ index: Int, _ code: (Float, Float, Float, Float), divisors: [4 of Float]) -> Box {
    let anchor = anchors[index]
    let y = code.0 / divisors[0] * anchor.height + anchor.y
    let x = code.1 / divisors[1] * anchor.width + anchor.x
    let halfHeight = exp(code.2 / divisors[2]) * anchor.height / 2
    let halfWidth = exp(code.3 / divisors[3]) * anchor.width / 2
    return Box(x1: x - halfWidth, y1: y - halfHeight, x2: x + halfWidth, y2: y + halfHeight)
  }
}

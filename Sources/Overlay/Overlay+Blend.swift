import Postprocess
import Tensors

extension Overlay {
  /// Mixes the colours of a mask into a picture; class 0, the background, stays as it is.
  ///
  /// - Parameters:
  ///   - map: of the picture's size.
  ///   - opacity: how much of the class colour shows, in [0, 1].
  ///   - contours: whether a white line, and one in the class colour within it, run along the inside of each class's border.
  /// - Complexity: O(pixels).
  public static func blend(_ map: LabelMap, into image: inout Image, opacity: Float = 0.5, contours: Bool = true) {
    precondition(
      map.width == image.width && map.height == image.height,
      "a mask of \(map.width)x\(map.height) for a picture of \(image.width)x\(image.height)")
    precondition((0...1).contains(opacity), "opacity \(opacity), expected 0 to 1")
    let weight = Int(opacity * 256)
    let line = max(1, Int((Float(min(map.width, map.height)) * 0.0025).rounded()))
    let outer = contours ? nearBorder(map, radius: line) : []
    let inner = contours ? nearBorder(map, radius: 2 * line) : []
    for index in map.ids.indices {
      let id = map.ids[index]
      guard id != 0 else { continue }
      // White against dark ground, the class colour against light ground.
      let colour = contours && outer[index] ? Colour.white : Palette.voc[Int(id)]
      let share = contours && inner[index] ? 232 : weight
      let at = index * 3
      image.pixels[at] = Image.mixed(image.pixels[at], colour.red, share)
      image.pixels[at + 1] = Image.mixed(image.pixels[at + 1], colour.green, share)
      image.pixels[at + 2] = Image.mixed(image.pixels[at + 2], colour.blue, share)
    }
  }

  /// For each pixel whether a pixel of another class lies within `radius` columns and rows.
  ///
  /// Works along rows and then along columns with running distances, so that the radius costs nothing.
  package static func nearBorder(_ map: LabelMap, radius: Int) -> [Bool] {
    let width = map.width, height = map.height
    var edge = [Bool](repeating: false, count: map.ids.count)
    for y in 0..<height {
      for x in 0..<width {
        let at = y * width + x
        let right = x + 1 < width && map.ids[at] != map.ids[at + 1]
        let below = y + 1 < height && map.ids[at] != map.ids[at + width]
        if right {
          edge[at] = true
          edge[at + 1] = true
        }
        if below {
          edge[at] = true
          edge[at + width] = true
        }
      }
    }
    // An edge pixel touches the border, so `radius - 1` more columns and rows belong to the line.
    var rows = edge
    for y in 0..<height {
      var forward = radius, backward = radius
      for x in 0..<width {
        forward = edge[y * width + x] ? 0 : forward + 1
        if forward < radius { rows[y * width + x] = true }
        let mirrored = y * width + width - 1 - x
        backward = edge[mirrored] ? 0 : backward + 1
        if backward < radius { rows[mirrored] = true }
      }
    }
    var near = rows
    var down = [Int](repeating: radius, count: width), up = down
    for y in 0..<height {
      for x in 0..<width {
        let at = y * width + x
        down[x] = rows[at] ? 0 : down[x] + 1
        if down[x] < radius { near[at] = true }
        let mirrored = (height - 1 - y) * width + x
        up[x] = rows[mirrored] ? 0 : up[x] + 1
        if up[x] < radius { near[mirrored] = true }
      }
    }
    return near
  }
}

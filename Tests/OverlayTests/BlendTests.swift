import ImageTypes
import Overlay
import Testing

@Suite struct BlendTests {
  static let picture = Image(width: 40, height: 30, red: 10, green: 200, blue: 90)

  static func map(_ id: (Int, Int) -> UInt8) -> Mask {
    Mask(width: 40, height: 30, ids: (0..<1200).map { id($0 % 40, $0 / 40) })
  }

  @Test func backgroundStaysAsItIs() {
    var image = Self.picture
    Overlay.blend(Self.map { _, _ in 0 }, into: &image)
    #expect(image == Self.picture)
  }

  @Test func opacityIsTheShareOfTheClassColour() {
    for (opacity, expected) in [(0, [10, 200, 90]), (0.5, [101, 164, 109]), (1, [192, 128, 128])] as [(Float, [UInt8])]
    {
      var image = Self.picture
      Overlay.blend(Self.map { _, _ in 15 }, into: &image, opacity: opacity, contours: false)
      #expect(Array(image.pixels[0..<3]) == expected)
      #expect(Array(image.pixels.suffix(3)) == expected)
    }
  }

  @Test func contoursRunInsideTheBorderOnly() {
    var image = Self.picture
    Overlay.blend(Self.map { x, _ in x < 20 ? 0 : 3 }, into: &image, opacity: 0, contours: true)
    func red(_ x: Int) -> UInt8 { image.pixels[(15 * 40 + x) * 3] }
    #expect(red(19) == 10)
    #expect(red(20) > 220)
    #expect(red(25) == 10)
    // The edge of the image is not a border between classes.
    #expect(red(39) == 10)
  }

  @Test func bordersAreFoundAtAnyDistance() {
    var state: UInt64 = 42
    let ids = Self.map { x, y in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return state >> 60 == 0 ? 7 : UInt8((x / 9 + y / 11) % 3)
    }
    for radius in [1, 2, 3, 7, 31, 50] {
      let found = Border(of: ids).widened(to: radius).pixels
      for y in 0..<30 {
        for x in 0..<40 {
          // An edge pixel has a neighbour of another class above, below or beside it.
          func isEdge(_ x: Int, _ y: Int) -> Bool {
            [(x - 1, y), (x + 1, y), (x, y - 1), (x, y + 1)].contains { i, j in
              (0..<40).contains(i) && (0..<30).contains(j) && ids.ids[j * 40 + i] != ids.ids[y * 40 + x]
            }
          }
          let expected = (max(0, y - radius + 1)...min(29, y + radius - 1)).contains { j in
            (max(0, x - radius + 1)...min(39, x + radius - 1)).contains { isEdge($0, j) }
          }
          #expect((found[y * 40 + x] == 1) == expected, "(\(x), \(y)) at radius \(radius)")
        }
      }
    }
  }
}

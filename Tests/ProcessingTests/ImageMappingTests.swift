import ImageTypes
import Processing
import Tensors
import Testing

@Suite struct ImageMappingTests {
  private func axis(_ image: Int, _ input: Int, _ content: Int, _ origin: Int) -> ImageMapping.Axis {
    ImageMapping.Axis(image: image, input: input, content: content, origin: origin)
  }

  @Test("boxes of a stretched image are mapped to its pixels and clipped")
  func stretched() {
    let mapping = ImageMapping(horizontal: axis(640, 300, 300, 0), vertical: axis(480, 300, 300, 0), grid: .legacy)
    #expect(
      mapping.toImage(Box(x1: 0.25, y1: 0.5, x2: 0.75, y2: 1)) == Box(x1: 160, y1: 240, x2: 480, y2: 480))
    #expect(mapping.toImage(Box(x1: -1, y1: -1, x2: 2, y2: 2)) == Box(x1: 0, y1: 0, x2: 640, y2: 480))
    #expect(!mapping.toImage(Box(x1: 1.1, y1: 0, x2: 1.2, y2: 1)).isProper)
  }

  @Test("boxes of a letterboxed and of a cropped image are mapped to its pixels")
  func placed() {
    // An image of 200 x 100 in the upper half of 100 x 100.
    let letterboxed = ImageMapping(
      horizontal: axis(200, 100, 100, 0), vertical: axis(100, 100, 50, 0), grid: .halfPixel)
    #expect(letterboxed.toImage(Box(x1: 0, y1: 0.25, x2: 0.5, y2: 0.5)) == Box(x1: 0, y1: 50, x2: 100, y2: 100))
    #expect(letterboxed.vertical.visible == 0..<50)
    // An image of 200 x 100 with its middle half as the input.
    let cut = ImageMapping(horizontal: axis(200, 100, 200, -50), vertical: axis(100, 100, 100, 0), grid: .halfPixel)
    #expect(cut.toImage(Box(x1: 0, y1: 0, x2: 1, y2: 1)) == Box(x1: 50, y1: 0, x2: 150, y2: 100))
    #expect(cut.horizontal.visible == 0..<100)
  }

  @Test("a mask of the input's size equals the network's own upsampling", arguments: SamplingGrid.allCases)
  func ownSize(grid: SamplingGrid) {
    for upsampling in SamplingGrid.allCases {
      let taps = axis(257, 257, 257, 0).taps(map: 17, upsampling: upsampling, grid: grid)
      let own = LinearTaps(upsampling, input: 17, output: 257)
      for i in 0..<257 {
        let difference = Float(taps.lower[i]) + taps.fraction[i] - Float(own.lower[i]) - own.fraction[i]
        #expect(abs(difference) < 1e-5)
      }
    }
  }

  @Test("a letterboxed mask has no padding")
  func letterboxedMask() {
    // The lower half of the input is padding, for which the logits give class 1.
    let mapping = ImageMapping(horizontal: axis(8, 8, 8, 0), vertical: axis(4, 8, 4, 0), grid: .halfPixel)
    var logits = [Float](repeating: 0, count: 8 * 8 * 2)
    for y in 0..<8 { for x in 0..<8 { logits[(y * 8 + x) * 2 + (y < 4 ? 0 : 1)] = 1 } }
    let mask = ArgmaxUpsampler(mapping, upsampling: .halfPixel, height: 8, width: 8, classes: 2).labels(logits.span)
    #expect(mask.width == 8 && mask.height == 4)
    #expect(mask.ids.allSatisfy { $0 == 0 })
  }
}

import ImageCodecs
import Tensors
import Testing

@Suite struct RoundTripTests {
  @Test func encodedPicturesReadBack() throws {
    let pixels = (0..<(37 * 19 * 3)).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 7) }
    let image = Image(width: 37, height: 19, pixels: pixels)
    #expect(try ImageFile.decode(bytes: PNGEncoder.encode(image)) == image)
  }
}

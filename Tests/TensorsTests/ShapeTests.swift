import Tensors
import Testing

@Suite struct ShapeTests {
  @Test func elementCountRefusesOverflow() {
    #expect(Shape.elementCount(of: [1 << 20, 1 << 20]) == nil)
    #expect(Shape.elementCount(of: [2, 3, 4]) == 24)
    #expect(Shape.elementCount(of: [-1, 3]) == nil)
  }
  @Test func samePaddingPutsTheOddPixelLast() {
    #expect(Padding.same.resolve(extent: 224, stride: 2, dilation: 1) == (112, 0))
    #expect(Padding.same.resolve(extent: 513, stride: 2, dilation: 1) == (257, 1))
    #expect(Padding.same.resolve(extent: 33, stride: 1, dilation: 2) == (33, 2))
    #expect(Padding.symmetric.resolve(extent: 224, stride: 2, dilation: 1) == (112, 1))
  }
}

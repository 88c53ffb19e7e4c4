import CLISupport
import Testing

@Suite struct NaturalOrderTests {
  @Test func numbersAreComparedAsNumbers() {
    let sorted = [
      "", "1.png", "01.png", "2.png", "10.png", "a", "a1b2", "a1b10", "a2", "img1.png", "img2.png", "img10.png",
      "img99999999999999999999998", "img99999999999999999999999", "img100000000000000000000000", "é1", "é2", "é10",
    ]
    for (i, a) in sorted.enumerated() {
      for (j, b) in sorted.enumerated() {
        #expect(NaturalOrder.isBefore(a, b) == (i < j) || Set([a, b]) == ["1.png", "01.png"])
      }
    }
    #expect(NaturalOrder.isBefore("01.png", "1.png") && !NaturalOrder.isBefore("1.png", "01.png"))
  }
}

import TestSupport
import Testing

import Charts

@Suite struct AxisTests {
  @Test("ticks are round and few, and cover a range that may be widened")
  func ranges() {
    #expect(Axis(0...1, count: 6, widened: false).ticks.map(\.text) == ["0", "0.2", "0.4", "0.6", "0.8", "1.0"])
    #expect(Axis(0...2700, count: 6, widened: false).ticks.map(\.text) == ["0", "1000", "2000"])
    #expect(Axis(0.13...2.3, count: 6, widened: true).ticks.map(\.text) == ["0", "0.5", "1.0", "1.5", "2.0", "2.5"])
    #expect(Axis(-3 ... -1, count: 5, widened: true).ticks.map(\.text) == ["-3.0", "-2.5", "-2.0", "-1.5", "-1.0"])
    #expect(Axis(0...3e8, count: 4, widened: true).ticks.map(\.text) == ["0", "1e8", "2e8", "3e8"])
    #expect(Axis(0...2e-7, count: 5, widened: true).ticks.map(\.text) == ["0", "5e-8", "1e-7", "1.5e-7", "2e-7"])
  }

  @Test("any range gives a chart: random, empty, far away, not finite")
  func any() {
    var generator = SplitMix64(seed: 7)
    for _ in 0..<2000 {
      let low = Double(generator.uniform(-1, 1)) * [1e-9, 1e-3, 1, 1e4, 1e12][generator.integer(in: 0...4)]
      let span = Double(generator.unit()) * [0, 1e-6, 1, 1e5][generator.integer(in: 0...3)]
      let count = generator.integer(in: 2...12)
      let axis = Axis(low...low + span, count: count, widened: true)
      #expect(axis.range.lowerBound < axis.range.upperBound)
      #expect(axis.ticks.count <= count + 2 && Set(axis.ticks.map(\.text)).count == axis.ticks.count)
      // A tolerance of the last bits of a multiple.
      let hair = 1e-6 * (axis.range.upperBound - axis.range.lowerBound)
      #expect(axis.range.lowerBound <= low + hair && axis.range.upperBound >= low + span - hair)
      #expect(axis.ticks.allSatisfy { (-1e-6...1 + 1e-6).contains(axis.place($0.value)) })
    }
    #expect(Axis(0 ... .infinity, count: 5, widened: true).range == 0...1)
  }

  @Test("decimals are exact")
  func decimals() {
    #expect(decimal(1005, exponent: -3) == "1.005" && decimal(-5, exponent: -2) == "-0.05")
    #expect(decimal(12, exponent: 3) == "12000" && decimal(0, exponent: -4) == "0")
    #expect(decimal(-150, exponent: 7) == "-1.5e9" && decimal(3, exponent: -9) == "3e-9")
  }
}

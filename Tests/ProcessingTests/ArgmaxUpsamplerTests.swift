import ImageTypes
import Kernels
import Processing
import Tensors
import TestSupport
import Testing

@Suite struct ArgmaxUpsamplerTests {
  /// The definition: all logits are upsampled to the mask's size, then the best class is taken.
  ///
  /// It also gives the lead of the best class.
  private func oracle(
    _ logits: [Float], _ grid: SamplingGrid, _ h: Int, _ w: Int, _ classes: Int, _ height: Int, _ width: Int
  ) -> [(id: UInt8, lead: Float)] {
    func clamped(_ index: Int, _ input: Int, _ output: Int) -> (Int, Int, Float) {
      let c = min(max(grid.coordinate(of: index, input: input, output: output), 0), Float(input - 1))
      return (Int(c), min(Int(c) + 1, input - 1), c - Float(Int(c)))
    }
    var answers = [(id: UInt8, lead: Float)]()
    for y in 0..<height {
      let (y0, y1, fy) = clamped(y, h, height)
      for x in 0..<width {
        let (x0, x1, fx) = clamped(x, w, width)
        let values = (0..<classes).map { k -> Float in
          func at(_ y: Int, _ x: Int) -> Float { logits[(y * w + x) * classes + k] }
          let left = at(y0, x0) + (at(y1, x0) - at(y0, x0)) * fy
          let right = at(y0, x1) + (at(y1, x1) - at(y0, x1)) * fy
          return left + (right - left) * fx
        }
        let best = values.indices.max { values[$0] < values[$1] || (values[$0] == values[$1] && $0 > $1) }!
        let second = values.indices.filter { $0 != best }.map { values[$0] }.max() ?? -.infinity
        answers.append((UInt8(best), values[best] - second))
      }
    }
    return answers
  }

  @Test("agrees with upsampling all logits first", arguments: SamplingGrid.allCases)
  func definition(grid: SamplingGrid) {
    let seed: UInt64 = 257
    print("argmax against the definition, \(grid.rawValue): seed \(seed)")
    var generator = SplitMix64(seed: seed)
    var close = 0
    for (h, w, classes, height, width) in [
      (1, 1, 3, 4, 5), (5, 7, 21, 33, 64), (17, 17, 21, 257, 257), (9, 3, 2, 4, 2), (2, 33, 256, 3, 50),
      (6, 6, 1, 12, 12),
    ] {
      let logits = generator.floats(h * w * classes, in: -3, 3)
      let upsampler = ArgmaxUpsampler(
        grid, height: h, width: w, classes: classes, outputHeight: height, outputWidth: width)
      let mask = upsampler.labels(logits.span)
      #expect(mask.width == width && mask.height == height)
      for (found, expected) in zip(mask.ids, oracle(logits, grid, h, w, classes, height, width)) {
        // If two classes are nearly equal, rounding decides.
        if expected.lead < 1e-5 { close += 1 } else { #expect(found == expected.id) }
      }
    }
    #expect(close < 10)
  }

  @Test(
    "the kernels' ids equal the reference's for each instruction set and number of threads",
    arguments: KernelSet.available)
  func kernels(_ kernels: KernelSet) {
    let pools = [1, 2, 3].map { WorkerPool(threads: $0) }
    var generator = SplitMix64(seed: 1080)
    var masks = 0
    for grid in SamplingGrid.allCases {
      for (h, w, classes, height, width) in [
        (1, 1, 3, 4, 5), (5, 7, 21, 33, 64), (17, 17, 21, 257, 257), (33, 33, 21, 513, 513), (9, 3, 2, 4, 2),
        (2, 33, 256, 3, 50), (6, 6, 1, 12, 12), (16, 15, 5, 64, 1), (40, 50, 3, 20, 25), (4, 65, 21, 31, 1921),
      ] {
        let upsampler = ArgmaxUpsampler(
          grid, height: h, width: w, classes: classes, outputHeight: height, outputWidth: width)
        for odd in [nil, Float.nan, .infinity, -.infinity, 0] {
          // Coarse values, so that there are ties.
          var logits = (0..<h * w * classes).map { _ in Float(generator.integer(in: -8...8)) / 4 }
          if let odd { for _ in 0...logits.count / 10 { logits[generator.integer(in: 0...logits.count - 1)] = odd } }
          let plain = upsampler.labels(logits.span)
          for pool in pools {
            let rows = MaskRows(kernels, on: pool, rows: upsampler.rows, columns: upsampler.columns, classes: classes)
            let isSame = rows.labels(logits.span) == plain.ids
            #expect(isSame, "\(grid) \(h)x\(w)x\(classes) to \(height)x\(width), odd \(String(describing: odd))")
          }
          masks += 1
        }
      }
    }
    print("\(kernels.isa.rawValue): \(masks) masks with the plain form's ids, seed 1080")
  }

  @Test("of equal logits the lowest class wins, and a NaN never does")
  func ties() {
    func id(_ values: [Float]) -> UInt8 {
      ArgmaxUpsampler(.legacy, height: 1, width: 1, classes: values.count, outputHeight: 1, outputWidth: 1)
        .labels(values.span).ids[0]
    }
    #expect(id([1, 2, 2]) == 1)
    #expect(id([0, 0, 0]) == 0)
    #expect(id([.nan, 1, .nan]) == 1)
    #expect(id([.nan, .nan]) == 0)
    #expect(id([-.infinity, -5, .infinity]) == 2)
  }

  @Test("any logits give a valid class")
  func hostileLogits() {
    var generator = SplitMix64(seed: 7)
    let strange: [Float] = [.nan, .infinity, -.infinity, .greatestFiniteMagnitude, -.greatestFiniteMagnitude, 0]
    for _ in 0..<200 {
      let logits = (0..<4 * 5 * 3).map { _ in strange[generator.integer(in: 0...5)] }
      let mask = ArgmaxUpsampler(.halfPixel, height: 4, width: 5, classes: 3, outputHeight: 11, outputWidth: 9)
        .labels(logits.span)
      #expect(mask.ids.allSatisfy { $0 < 3 })
    }
  }

  @Test("rows in parts equal all rows at once")
  func parts() {
    var generator = SplitMix64(seed: 3)
    let logits = generator.floats(6 * 5 * 4)
    let upsampler = ArgmaxUpsampler(.alignCorners, height: 6, width: 5, classes: 4, outputHeight: 31, outputWidth: 20)
    let whole = upsampler.labels(logits.span).ids
    var pieces = [UInt8]()
    for range in [0..<10, 10..<11, 11..<31] {
      var ids = [UInt8](repeating: 255, count: range.count * 20)
      var span = ids.mutableSpan
      upsampler.label(range, of: logits.span, into: &span)
      pieces += ids
    }
    #expect(pieces == whole)
  }
}

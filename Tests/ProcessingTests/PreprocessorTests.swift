import ImageTypes
import Kernels
import ModelFiles
import Processing
import Tensors
import TestSupport
import Testing

@Suite struct PreprocessorTests {
  private func card(
    _ width: Int, _ height: Int, fit: InputCard.Fit = .stretch, shortest: Int? = nil, grid: SamplingGrid = .halfPixel,
    antialias: Bool = false, mean: [Float] = [0, 0, 0], deviation: [Float] = [1, 1, 1], pad: Float = 127.5
  ) -> InputCard {
    InputCard(
      width: width, height: height, fit: fit, resizeShortest: shortest, grid: grid, antialias: antialias, mean: mean,
      standardDeviation: deviation, padValue: pad)
  }

  /// The definition: four neighbours for each pixel and channel, in the same order of operations.
  private func oracle(_ image: Image, _ mapping: ImageMapping, _ card: InputCard) -> [Float] {
    var values = [Float]()
    for y in 0..<card.height {
      for x in 0..<card.width {
        for channel in 0..<3 {
          var value = card.padValue
          if mapping.vertical.visible.contains(y), mapping.horizontal.visible.contains(x) {
            func neighbours(_ axis: ImageMapping.Axis, _ place: Int) -> (Int, Int, Float) {
              let c = card.grid.coordinate(of: place - axis.origin, input: axis.image, output: axis.content)
              let inside = min(max(c, 0), Float(axis.image - 1))
              return (Int(inside), min(Int(inside) + 1, axis.image - 1), inside - Float(Int(inside)))
            }
            let (x0, x1, fx) = neighbours(mapping.horizontal, x)
            let (y0, y1, fy) = neighbours(mapping.vertical, y)
            func at(_ y: Int, _ x: Int) -> Float { Float(image.pixels[(y * image.width + x) * 3 + channel]) }
            let top = at(y0, x0) + (at(y0, x1) - at(y0, x0)) * fx
            let bottom = at(y1, x0) + (at(y1, x1) - at(y1, x0)) * fx
            value = top + (bottom - top) * fy
          }
          let deviation = card.standardDeviation[channel]
          values.append(value * (1 / deviation) - card.mean[channel] / deviation)
        }
      }
    }
    return values
  }

  @Test("agrees with the definition for each fit and grid", arguments: InputCard.Fit.allCases, SamplingGrid.allCases)
  func definition(fit: InputCard.Fit, grid: SamplingGrid) throws {
    for (width, height) in [(1, 1), (64, 48), (31, 90), (7, 3), (300, 1), (1, 200), (33, 33)] {
      let image = Synthetic.image(width: width, height: height)
      for (inputWidth, inputHeight) in [(33, 33), (40, 24), (1, 5)] {
        let card = card(
          inputWidth, inputHeight, fit: fit, shortest: fit == .centreCrop ? 37 : nil, grid: grid,
          mean: [123.675, 116.28, 103.53], deviation: [58.395, 57.12, 57.375])
        let input = try Preprocessor(card).prepareByReference(image)
        #expect(input.tensor.shape == Shape(height: inputHeight, width: inputWidth, channels: 3))
        let expected = oracle(image, input.mapping, card)
        #expect(input.tensor.values() == expected, "\(width)x\(height) in \(inputWidth)x\(inputHeight)")
      }
    }
  }

  @Test(
    "the kernels are bitwise equal to the reference for each instruction set, fit, filter and number of threads",
    arguments: KernelSet.available)
  func kernels(_ kernels: KernelSet) throws {
    let pools = [1, 2, 3].map { WorkerPool(threads: $0) }
    var inputs = 0
    for fit in InputCard.Fit.allCases {
      for (grid, antialias) in SamplingGrid.allCases.flatMap({ [($0, false), ($0, true)] }) {
        for (width, height) in [(1, 1), (2, 2), (64, 48), (31, 90), (300, 1), (1, 200), (33, 33), (641, 479)] {
          let image = Synthetic.image(width: width, height: height)
          for (inputWidth, inputHeight) in [(33, 33), (300, 300), (97, 50), (1, 5)] {
            let card = card(
              inputWidth, inputHeight, fit: fit, shortest: fit == .centreCrop ? 37 : nil, grid: grid,
              antialias: antialias, mean: [123.675, 116.28, 103.53], deviation: [58.395, 57.12, 57.375])
            let preprocessor = try Preprocessor(card)
            let plain = preprocessor.prepareByReference(image).tensor.values().map(\.bitPattern)
            for pool in pools {
              let found = preprocessor.prepare(image, kernels: kernels, pool: pool).tensor.values().map(\.bitPattern)
              // Compared outside of the macro, which would take minutes to find the differences of long arrays.
              let isSame = found == plain
              #expect(isSame, "\(fit) \(grid) \(width)x\(height) in \(inputWidth)x\(inputHeight)")
            }
            inputs += 1
          }
        }
      }
    }
    print("\(kernels.isa.rawValue): \(inputs) inputs with the plain form's bits")
  }

  @Test("a region is bitwise equal to an image of the region", arguments: KernelSet.available)
  func regions(_ kernels: KernelSet) throws {
    let image = Synthetic.image(width: 151, height: 97)
    let pools = [1, 3].map { WorkerPool(threads: $0) }
    for (x, y, width, height) in [
      (0, 0, 151, 97), (54, 0, 97, 97), (150, 96, 1, 1), (3, 60, 140, 37), (0, 96, 151, 1), (17, 5, 64, 64),
    ] {
      let region = ImageRegion(x: x, y: y, width: width, height: height)
      var pixels: [UInt8] = []
      for row in region.rows { pixels += image.pixels[(row * 151 + x) * 3..<(row * 151 + x + width) * 3] }
      let crop = Image(width: width, height: height, pixels: pixels)
      for fit in InputCard.Fit.allCases {
        for antialias in [false, true] {
          let preprocessor = try Preprocessor(card(50, 41, fit: fit, antialias: antialias, mean: [123, 116, 103]))
          let expected = preprocessor.prepareByReference(crop)
          for pool in pools {
            let found = preprocessor.prepare(image, region, kernels: kernels, pool: pool)
            #expect(found.mapping == expected.mapping)
            let isSame = found.tensor.values().map(\.bitPattern) == expected.tensor.values().map(\.bitPattern)
            #expect(isSame, "\(region) \(fit), antialias \(antialias)")
          }
        }
      }
    }
  }

  @Test("at the same size pixels are unchanged, with and without antialiasing", arguments: [false, true])
  func identity(antialias: Bool) throws {
    let image = Synthetic.image(width: 21, height: 13)
    for grid in SamplingGrid.allCases {
      let input = try Preprocessor(card(21, 13, grid: grid, antialias: antialias)).prepare(image)
      #expect(input.tensor.values() == image.pixels.map { Float($0) })
    }
  }

  @Test("antialiasing averages: halving weights are 1, 3, 3, 1 eighths, and a uniform image stays uniform")
  func antialias() throws {
    var pixels = [UInt8](repeating: 0, count: 8 * 3)
    for channel in 0..<3 { pixels[9 + channel] = 240 }
    let row = Image(width: 8, height: 1, pixels: pixels)
    let halved = try Preprocessor(card(4, 1, antialias: true)).prepare(row)
    let red = stride(from: 0, to: 12, by: 3).map { halved.tensor.values()[$0] }
    // The first run has no outer eighth at the border: 3/7, 3/7, 1/7 of pixels 0, 1, 2.
    #expect(red == [0, 90, 30, 0])

    let flat = Image(width: 101, height: 67, red: 200, green: 100, blue: 50)
    let small = try Preprocessor(card(13, 9, antialias: true)).prepare(flat)
    let values = small.tensor.values()
    let colour: [Float] = [200, 100, 50]
    let comparison = Comparison(
      "flat picture", found: values, expected: values.indices.map { colour[$0 % 3] }, floor: 1)
    print(comparison)
    #expect(comparison.isWithin(1e-6))
  }

  @Test("the card's fit determines the image's position")
  func placement() throws {
    let wide = Image(width: 200, height: 100)
    let letterboxed = try Preprocessor(card(50, 50, fit: .letterbox, pad: 255)).prepare(wide)
    #expect(letterboxed.mapping.horizontal == .init(image: 200, input: 50, content: 50, origin: 0))
    #expect(letterboxed.mapping.vertical == .init(image: 100, input: 50, content: 25, origin: 0))
    let values = letterboxed.tensor.values()
    #expect(values[..<(25 * 50 * 3)].allSatisfy { $0 == 0 })
    #expect(values[(25 * 50 * 3)...].allSatisfy { $0 == 255 })

    let cut = try Preprocessor(card(224, 224, fit: .centreCrop, shortest: 256)).prepare(wide)
    #expect(cut.mapping.horizontal == .init(image: 200, input: 224, content: 512, origin: -144))
    #expect(cut.mapping.vertical == .init(image: 100, input: 224, content: 256, origin: -16))
  }

  @Test("an image of one pixel by a thousand has at least a pixel in the letterbox")
  func extreme() throws {
    for antialias in [false, true] {
      let thin = Image(width: 1, height: 1_000, red: 255, green: 255, blue: 255)
      let input = try Preprocessor(card(33, 33, fit: .letterbox, antialias: antialias, pad: 0)).prepare(thin)
      #expect(input.mapping.horizontal.visible == 0..<1)
      #expect(input.tensor.values().reduce(0, +).rounded() == 33 * 3 * 255)
    }
  }

  @Test("invalid input cards are refused")
  func refusals() {
    #expect(throws: PreprocessError.self) { try Preprocessor(card(0, 10)) }
    #expect(throws: PreprocessError.self) { try Preprocessor(card(10, 1 << 40)) }
    #expect(throws: PreprocessError.self) { try Preprocessor(card(10, 10, fit: .centreCrop, shortest: -3)) }
    #expect(throws: PreprocessError.channels(field: "mean", expected: 3, found: 1)) {
      try Preprocessor(card(10, 10, mean: [0]))
    }
    #expect(throws: PreprocessError.self) { try Preprocessor(card(10, 10, deviation: [1, 0, 1])) }
    #expect(throws: PreprocessError.self) { try Preprocessor(card(10, 10, deviation: [1, .infinity, 1])) }
    #expect(throws: PreprocessError.self) { try Preprocessor(card(10, 10, mean: [.nan, 0, 0])) }
    #expect(throws: PreprocessError.self) { try Preprocessor(card(10, 10, pad: .infinity)) }
  }
}

@Suite struct TensorFlowResizeTests {
  private struct Resizes: Decodable {
    struct Case: Decodable {
      let width: Int
      let height: Int
      let grid: SamplingGrid
      let tensor: TensorGolden
    }
    let cases: [Case]
  }

  @Test("resizing is bitwise equal to TensorFlow's")
  func resize() throws {
    for one in try Golden.load("resize_tensorflow.json", as: Resizes.self).cases {
      let card = InputCard(
        width: one.tensor.shape[1], height: one.tensor.shape[0], fit: .stretch, grid: one.grid, antialias: false,
        mean: [0, 0, 0], standardDeviation: [1, 1, 1])
      let input = try Preprocessor(card).prepare(Synthetic.image(width: one.width, height: one.height))
      let comparison = one.tensor.compare(input.tensor.values())
      print(comparison)
      #expect(comparison.largestError == 0, "\(comparison)")
    }
  }
}

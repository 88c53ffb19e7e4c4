import Tensors
import ImageTypes
import Kernels
import ModelFiles
import Processing
import TestSupport
import Testing

@Suite struct PixelViewTests {
  private static func preprocessor(
    _ width: Int, _ height: Int, _ fit: InputCard.Fit, antialias: Bool, plain: Bool = false
  ) throws -> Preprocessor {
    try Preprocessor(
      InputCard(
        width: width, height: height, fit: fit, resizeShortest: fit == .centreCrop ? 37 : nil, grid: .halfPixel,
        antialias: antialias, mean: plain ? [0, 0, 0] : [123.675, 116.28, 103.53],
        standardDeviation: plain ? [1, 1, 1] : [58.395, 57.12, 57.375], padValue: 0))
  }

  private static let sizes = [(1, 1), (2, 2), (3, 5), (64, 48), (31, 90), (301, 1), (1, 200), (163, 119)]

  @Test(
    "a view is bitwise equal to its RGB image, for each format, row distance, fit, filter and number of threads",
    arguments: KernelSet.available, PixelFormat.allCases)
  func wholeFrames(_ kernels: KernelSet, format: PixelFormat) throws {
    let pools = [1, 3].map { WorkerPool(threads: $0) }
    for (width, height) in Self.sizes {
      for padding in [0, 13] {
        let frame = Frame(format, width: width, height: height, padding: padding)
        // The reference conversion, which rounds like the kernels; its distance from the exact colours is tested below.
        let image = format.planes == 1 ? frame.image : try frame.withView { Image($0) }
        for fit in InputCard.Fit.allCases {
          for antialias in [false, true] {
            for (inputWidth, inputHeight) in [(33, 33), (97, 50), (1, 5)] {
              let preprocessor = try Self.preprocessor(inputWidth, inputHeight, fit, antialias: antialias)
              let expected = preprocessor.prepareByReference(image)
              for pool in pools {
                let found = try frame.withView { preprocessor.prepare($0, kernels: kernels, pool: pool) }
                #expect(found.mapping == expected.mapping)
                let isSame = found.tensor.values().map(\.bitPattern) == expected.tensor.values().map(\.bitPattern)
                #expect(isSame, "\(width)x\(height), padding \(padding), \(fit), antialias \(antialias)")
              }
            }
          }
        }
      }
    }
  }

  @Test("a region of a view is bitwise equal to an image of the region", arguments: PixelFormat.allCases)
  func regions(format: PixelFormat) throws {
    let frame = Frame(format, width: 151, height: 97, padding: 7)
    let image = format.planes == 1 ? frame.image : try frame.withView { Image($0) }
    let session = Session(threads: 2)
    // Odd columns and rows are in the middle of a block of chroma.
    for (x, y, width, height) in [
      (0, 0, 151, 97), (54, 1, 97, 96), (150, 96, 1, 1), (149, 95, 2, 2), (3, 60, 140, 37), (0, 96, 151, 1),
      (17, 5, 64, 64), (1, 1, 1, 1), (16, 4, 65, 33),
    ] {
      let region = ImageRegion(x: x, y: y, width: width, height: height)
      var pixels: [UInt8] = []
      for row in region.rows { pixels += image.pixels[(row * 151 + x) * 3..<(row * 151 + x + width) * 3] }
      let crop = Image(width: width, height: height, pixels: pixels)
      for fit in InputCard.Fit.allCases {
        for antialias in [false, true] {
          let preprocessor = try Self.preprocessor(50, 41, fit, antialias: antialias)
          let expected = preprocessor.prepareByReference(crop)
          let found = try frame.withView { preprocessor.prepare($0, region, session: session) }
          #expect(found.mapping == expected.mapping)
          let isSame = found.tensor.values().map(\.bitPattern) == expected.tensor.values().map(\.bitPattern)
          #expect(isSame, "\(region) \(fit), antialias \(antialias)")
        }
      }
    }
  }

  @Test("video is within one level of its exact colours", arguments: KernelSet.available)
  func video(_ kernels: KernelSet) throws {
    for format in [PixelFormat.nv12, .i420] {
      for matrix in YUVEncoding.Matrix.allCases {
        for levels in YUVEncoding.Levels.allCases {
          let frame = Frame(format, width: 163, height: 119, encoding: YUVEncoding(matrix, levels), padding: 3)
          for antialias in [false, true] {
            let preprocessor = try Self.preprocessor(97, 50, .stretch, antialias: antialias, plain: true)
            let expected = preprocessor.prepareByReference(frame.image).tensor.values()
            let found = try frame.withView { preprocessor.prepare($0, kernels: kernels).tensor.values() }
            let worst = zip(found, expected).map { abs($0 - $1) }.max() ?? .infinity
            #expect(worst <= 1, "\(format) \(matrix) \(levels): \(worst)")
          }
        }
      }
    }
  }

  @Test("alpha and padding change nothing", arguments: [PixelFormat.rgba, .bgra, .rgb, .nv12])
  func ignored(format: PixelFormat) throws {
    let preprocessor = try Self.preprocessor(33, 33, .stretch, antialias: false)
    func inputs(_ ignored: UInt8, padding: Int) throws -> [UInt32] {
      let frame = Frame(format, width: 41, height: 37, padding: padding) { plane, x, y in
        let isAlpha = (format == .rgba || format == .bgra) && x % 4 == 3
        return isAlpha ? ignored : UInt8(truncatingIfNeeded: x * 7 + y * 13 + plane)
      }
      return try frame.withView { preprocessor.prepare($0).tensor.values().map(\.bitPattern) }
    }
    let first = try inputs(0, padding: 0)
    #expect(try inputs(255, padding: 0) == first)
    #expect(try inputs(77, padding: 64) == first)
  }

  @Test("a frame in one piece of memory is read as its planes are", arguments: [PixelFormat.nv12, .i420])
  func onePiece(format: PixelFormat) throws {
    let (width, height, distance) = (39, 21, 48)
    let frame = Frame(format, width: width, height: height, padding: 0)
    var bytes: [UInt8] = []
    for (index, plane) in frame.planes.enumerated() {
      let (row, apart) = (frame.distances[index], index > 0 && format == .i420 ? distance / 2 : distance)
      for begin in stride(from: 0, to: plane.count, by: row) {
        bytes += plane[begin..<begin + row] + [UInt8](repeating: 9, count: apart - row)
      }
    }
    let preprocessor = try Self.preprocessor(33, 33, .letterbox, antialias: true)
    let found = try PixelView.withView(
      of: bytes.span, width: width, height: height, bytesPerRow: distance, format: format
    ) { preprocessor.prepare($0).tensor.values() }
    let expected = try frame.withView { preprocessor.prepare($0).tensor.values() }
    #expect(found == expected)
  }
}

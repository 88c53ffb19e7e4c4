import ImageTypes
import TestSupport
import Testing

@Suite struct PixelViewTests {
  private func refusal(
    _ count: Int, _ width: Int, _ height: Int, _ distance: Int? = nil, _ format: PixelFormat = .rgb
  ) -> PixelViewError? {
    let bytes = [UInt8](repeating: 0, count: count)
    do {
      try PixelView.withView(of: bytes.span, width: width, height: height, bytesPerRow: distance, format: format) { _ in
      }
      return nil
    } catch { return error as? PixelViewError }
  }

  @Test func bytesAreNeededUpToTheLastSampleAndNoFurther() {
    for (format, distance, needed) in [
      (.rgb, 20, 4 * 20 + 15), (.bgr, 15, 75), (.rgba, 23, 4 * 23 + 20), (.bgra, 20, 100), (.gray, 8, 4 * 8 + 5),
      // Luma 5 rows; chroma 3 rows of 3 samples or pairs, the last without padding.
      (.nv12, 8, 5 * 8 + 2 * 8 + 6), (.i420, 8, 5 * 8 + 3 * 4 + 2 * 4 + 3),
    ] as [(PixelFormat, Int, Int)] {
      #expect(refusal(needed, 5, 5, distance, format) == nil, "\(format)")
      #expect(refusal(needed + 9, 5, 5, distance, format) == nil, "\(format)")
      guard case .bytes(format.planes - 1, let expected, let found)? = refusal(needed - 1, 5, 5, distance, format)
      else {
        Issue.record("\(format): \(String(describing: refusal(needed - 1, 5, 5, distance, format)))")
        continue
      }
      #expect(found == expected - 1, "\(format)")
    }
  }

  @Test func withoutADistanceRowsTouch() {
    #expect(refusal(75, 5, 5) == nil)
    #expect(refusal(74, 5, 5) == .bytes(plane: 0, expected: 75, found: 74))
    #expect(refusal(100, 5, 5, nil, .bgra) == nil)
    // An odd row of luma is padded to whole pairs.
    for format in [PixelFormat.nv12, .i420] {
      #expect(refusal(5 * 6 + 3 * 6, 5, 5, nil, format) == nil)
      #expect(refusal(5 * 6 + 3 * 6 - 1, 5, 5, nil, format) != nil)
      #expect(refusal(6, 2, 2, nil, format) == nil)
      #expect(refusal(4, 2, 2, nil, format) == .bytes(plane: 1, expected: format == .nv12 ? 2 : 1, found: 0))
    }
  }

  @Test func everyMistakeIsSaid() {
    let most = PixelView.maximumExtent
    for (width, height) in [(0, 5), (5, 0), (-1, 5), (5, .min), (most + 1, 1), (1, .max)] {
      #expect(refusal(10, width, height) == .size(width: width, height: height))
      #expect(throws: PixelViewError.size(width: width, height: height)) {
        try Image([], width: width, height: height)
      }
    }
    #expect(refusal(100, 5, 5, 14) == .bytesPerRow(plane: 0, expected: 15, found: 14))
    #expect(refusal(100, 5, 5, -20, .rgba) == .bytesPerRow(plane: 0, expected: 20, found: -20))
    for format in [PixelFormat.nv12, .i420] {
      #expect(refusal(100, 5, 5, -20, format) == .bytesPerRow(plane: 0, expected: 5, found: -20))
    }
    #expect(refusal(100, 5, 5, 5, .nv12) == .bytesPerRow(plane: 1, expected: 6, found: 5))
    #expect(refusal(100, 5, 5, 5, .i420) == .bytesPerRow(plane: 1, expected: 3, found: 2))
    for format in PixelFormat.allCases {
      guard case .bytes(0, .max, 100)? = refusal(100, 5, 5, .max, format) else {
        Issue.record("\(format): \(String(describing: refusal(100, 5, 5, .max, format)))")
        continue
      }
      // A single row needs only its own bytes; the distance to the next may be anything.
      #expect((refusal(10_000, 5, 1, .max, format) == nil) == (format.planes == 1), "\(format)")
      #expect(refusal(0, 5, 5, nil, format) != nil)
    }
    #expect(refusal(16, most, most, nil, .bgra) == .bytes(plane: 0, expected: most * most * 4, found: 16))
    #expect(throws: PixelViewError.bytes(plane: 0, expected: 12, found: 13)) {
      try Image([UInt8](repeating: 0, count: 13), width: 2, height: 2)
    }
    let bytes = [UInt8](repeating: 0, count: 100)
    unsafe bytes.withUnsafeBytes { bytes in
      let plane = unsafe PixelView.Plane(bytes, bytesPerRow: 10)
      #expect(throws: PixelViewError.planes(expected: 2, found: 1)) {
        _ = unsafe try PixelView(planes: [plane], width: 4, height: 4, format: .nv12)
      }
    }
    for (error, words) in [
      (.size(width: 0, height: 5), "0x5 pixels, expected 1 to 16777216"), (.planes(expected: 2, found: 1), "1 planes"),
      (.bytesPerRow(plane: 0, expected: 15, found: 14), "14 bytes a row in plane 0, expected at least 15"),
      (.bytes(plane: 1, expected: .max, found: 9), "9 bytes in plane 1, expected more than can be counted"),
    ] as [(PixelViewError, String)] {
      #expect(error.description.contains(words), "\(error)")
    }
  }

  @Test func anImageIsAViewOfItself() throws {
    let image = Synthetic.image(width: 7, height: 5)
    image.withPixelView { view in
      let facts = (view.width, view.height, view.format, view.bounds)
      #expect(facts == (7, 5, .rgb, image.bounds))
      let copy = Image(view)
      #expect(copy == image)
      unsafe image.pixels.withUnsafeBytes { pixels in
        let isInPlace = unsafe view.planes[0].bytes.baseAddress == pixels.baseAddress
        #expect(isInPlace)
      }
    }
    #expect(try Image(image.pixels, width: 7, height: 5) == image)
  }

  @Test(arguments: PixelFormat.allCases) func copiesAreTheColours(format: PixelFormat) throws {
    for (width, height) in [(1, 1), (2, 2), (5, 3), (16, 7), (33, 4)] {
      for padding in [0, 5] {
        let frame = Frame(format, width: width, height: height, padding: padding)
        let copy = try frame.withView { Image($0) }
        #expect((copy.width, copy.height) == (width, height))
        // For video, half a level of rounding and the error of the rounded factors.
        let worst = zip(copy.pixels, frame.exact).map { abs(Double($0) - $1) }.max() ?? 0
        #expect(worst <= (format.planes == 1 ? 0 : 0.51), "\(width)x\(height), \(padding): \(worst)")
      }
    }
  }

  @Test func everyColourOfVideoIsWithinOne() throws {
    for matrix in YUVEncoding.Matrix.allCases {
      for levels in YUVEncoding.Levels.allCases {
        let encoding = YUVEncoding(matrix, levels)
        for cb in stride(from: 0, through: 255, by: 15) {
          // 256 lumas by 18 chromas: rows of pixels in pairs.
          let frame = Frame(.nv12, width: 256, height: 36, encoding: encoding, padding: 0) { plane, x, y in
            plane == 0 ? UInt8(x) : x % 2 == 0 ? UInt8(cb) : UInt8(min(y * 15, 255))
          }
          let copy = try frame.withView { Image($0) }
          // Half a level of rounding, and the error of the rounded factors.
          let worst = zip(copy.pixels, frame.exact).map { abs(Double($0) - $1) }.max() ?? 0
          #expect(worst < 0.51, "\(encoding): \(worst)")
        }
      }
    }
  }

  @Test func knownColoursOfVideo() throws {
    // Black, white and the pure red of BT.601, BT.709 and JPEG.
    for (encoding, y, cb, cr, colour) in [
      (.standard, 16, 128, 128, [0, 0, 0]), (.standard, 235, 128, 128, [255, 255, 255]),
      (.standard, 81, 90, 240, [254, 0, 0]), (YUVEncoding(.bt709), 63, 102, 240, [255, 1, 0]),
      (YUVEncoding(.bt601, .full), 76, 85, 255, [254, 0, 0]), (YUVEncoding(.bt601, .full), 0, 128, 128, [0, 0, 0]),
    ] as [(YUVEncoding, UInt8, UInt8, UInt8, [UInt8])] {
      let bytes = [y, y, y, y, cb, cr]
      let image = try PixelView.withView(of: bytes.span, width: 2, height: 2, format: .nv12, encoding: encoding) {
        Image($0)
      }
      #expect(image.pixels == colour + colour + colour + colour, "\(encoding): \(image.pixels)")
    }
  }
}

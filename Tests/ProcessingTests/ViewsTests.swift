import ImageTypes
import Processing
import TestSupport
import Testing

/// The geometry of views: coverage, overlap, and cells.
@Suite struct ViewsTests {
  private static func windows(_ layout: ViewLayout) -> [View] { Array(layout.views.dropFirst()) }

  @Test("squares begin at an aspect ratio of 1.4:1, either way")
  func border() {
    for (width, height, count) in [
      (640, 480, 1), (512, 512, 1), (139, 100, 1), (140, 100, 3), (699, 500, 1), (700, 500, 3), (640, 427, 3),
      (768, 432, 4), (1, 1, 1),
    ] {
      #expect(ViewLayout(.auto, width: width, height: height).views.count == count, "\(width)x\(height)")
      #expect(ViewLayout(.auto, width: height, height: width).views.count == count, "\(height)x\(width)")
      #expect(ViewLayout(.whole, width: width, height: height).views.count == 1)
    }
    #expect(ViewLayout(.squares, width: 640, height: 480).views.count == 3)
    #expect(ViewLayout(.squares, width: 480, height: 480).views.count == 1)
  }

  @Test("a camera's image has the whole and three squares as views")
  func camera() {
    let layout = ViewLayout(.auto, width: 768, height: 432)
    #expect(layout.isDivided)
    #expect(layout.views[0].region == ImageRegion(x: 0, y: 0, width: 768, height: 432))
    #expect(layout.views[0].cell == nil && layout.views[0].inner == [])
    let windows = Self.windows(layout)
    #expect(windows.map(\.region) == [0, 168, 336].map { ImageRegion(x: $0, y: 0, width: 432, height: 432) })
    #expect(windows.map(\.inner) == [[.right], [.left, .right], [.left]])
    #expect(windows.map { $0.cell!.columns } == [0..<300, 300..<468, 468..<768])
    let long = Self.windows(ViewLayout(.auto, width: 432, height: 768))
    #expect(long.map(\.region) == [0, 168, 336].map { ImageRegion(x: 0, y: $0, width: 432, height: 432) })
    #expect(long.map(\.inner) == [[.bottom], [.top, .bottom], [.top]])
  }

  @Test("an image with the input's aspect ratio is not wide")
  func inputShape() {
    #expect(!ViewLayout(.auto, width: 1280, height: 720, inputWidth: 512, inputHeight: 288).isDivided)
    let layout = ViewLayout(.auto, width: 600, height: 600, inputWidth: 512, inputHeight: 288)
    #expect(layout.isDivided)
    for view in Self.windows(layout) { #expect(view.region.width == 600 && view.region.height == 337) }
  }

  @Test("slices of a large image have the requested size and at least the requested overlap")
  func slices() {
    let windows = Self.windows(ViewLayout(.slices(size: 640, overlap: 0.2), width: 4000, height: 3000))
    #expect(windows.count == 8 * 6)
    #expect(windows.allSatisfy { $0.region.width == 640 && $0.region.height == 640 })
    #expect(!ViewLayout(.slices(size: 640, overlap: 0.2), width: 640, height: 480).isDivided)
    // Numbers out of range are clamped.
    func layout(_ size: Int, _ overlap: Double) -> ViewLayout {
      ViewLayout(.slices(size: size, overlap: overlap), width: 50, height: 40)
    }
    #expect(layout(20, -1) == layout(20, 0) && layout(20, .nan) == layout(20, 0))
    #expect(layout(20, 7) == layout(20, 0.9) && layout(-4, 0) == layout(1, 0))
  }

  @Test("a strip has few windows")
  func strips() {
    for (width, height) in [(50_000, 1), (1, 50_000), (20_000, 300)] {
      let layout = ViewLayout(.auto, width: width, height: height)
      #expect(layout.views.count == 9, "\(width)x\(height)")
    }
  }

  @Test("windows are inside the image and overlap enough, and their cells are a partition by the nearest centre")
  func properties() {
    let seed: UInt64 = 20_220_914
    print("views: seed \(seed)")
    var random = SplitMix64(seed: seed)
    var divided = 0
    for _ in 0..<400 {
      let (width, height) = (random.integer(in: 1...180), random.integer(in: 1...180))
      let overlap = Double(random.unit()) * 0.9
      let size = random.integer(in: 5...90)
      let views: Views = [.auto, .squares, .slices(size: size, overlap: overlap)][random.integer(in: 0...2)]
      let layout = ViewLayout(views, width: width, height: height)
      let all = ImageRegion(x: 0, y: 0, width: width, height: height)
      #expect(layout.views[0].region == all)
      guard layout.isDivided else {
        #expect(layout.views[0].cell == all)
        continue
      }
      divided += 1
      let windows = Self.windows(layout)
      var owner = [Int](repeating: -1, count: width * height)
      for (index, view) in windows.enumerated() {
        let (region, cell) = (view.region, view.cell!)
        #expect(region.columns.upperBound <= width && region.rows.upperBound <= height)
        #expect(cell.columns.clamped(to: region.columns) == cell.columns)
        #expect(cell.rows.clamped(to: region.rows) == cell.rows)
        for y in cell.rows {
          for x in cell.columns {
            #expect(owner[y * width + x] == -1)
            owner[y * width + x] = index
          }
        }
        #expect(view.inner.contains(.left) == (region.x > 0))
        #expect(view.inner.contains(.bottom) == (region.rows.upperBound < height))
      }
      for y in stride(from: 0, to: height, by: 7) {
        for x in stride(from: 0, to: width, by: 7) {
          let place = owner[y * width + x]
          guard place >= 0 else {
            Issue.record("nobody decides \(x), \(y) of \(width)x\(height)")
            continue
          }
          // Along each axis by itself; a border between two centres may fall on either pixel.
          for other in windows where other.region.y == windows[place].region.y {
            let mine = abs(2 * windows[place].region.x + windows[place].region.width - 2 * x - 1)
            #expect(mine <= abs(2 * other.region.x + other.region.width - 2 * x - 1) + 3)
          }
        }
      }
      let asked: Double
      if case .slices(_, let overlap) = views { asked = overlap } else { asked = 0.4 }
      for (left, right) in zip(windows, windows.dropFirst()) where left.region.y == right.region.y {
        let common = left.region.columns.upperBound - right.region.x
        #expect(Double(common) >= asked * Double(left.region.width) - 1, "\(views) of \(width)x\(height)")
      }
    }
    #expect(divided > 200)
  }

  @Test("a box is cut by an inner edge of its view only")
  func cuts() {
    let view = ViewLayout(.auto, width: 768, height: 432).views[2]
    #expect(view.region.columns == 168..<600)
    #expect(view.cuts(Box(x1: 170, y1: 100, x2: 300, y2: 400)))
    #expect(view.cuts(Box(x1: 300, y1: 100, x2: 595, y2: 400)))
    #expect(!view.cuts(Box(x1: 200, y1: 0, x2: 500, y2: 432)))
  }
}

import Backbone
import ImageTypes
import Processing
import TestSupport
import Testing
import Vision

/// Views without a trained model: the choice of regions, and the merging of their outputs.
@Suite struct ViewTests {
  private static let wide = SmallModels.picture(320, 180, seed: 77)

  private static func options(_ views: Views, limit: Int? = nil) -> DetectionOptions {
    var options = DetectionOptions()
    options.views = views
    options.maximumDetections = limit
    return options
  }

  @Test("ordinary images have the same results as before", arguments: [(64, 64), (160, 120), (120, 160), (139, 100)])
  func ordinary(width: Int, height: Int) throws {
    let picture = SmallModels.picture(width, height, seed: 5)
    let detector = try Detector(SmallModels.detector(), threads: 2)
    let found = try detector.detect(picture, Self.options(.auto))
    #expect(!found.isEmpty)
    #expect(try found == detector.detect(picture, Self.options(.whole)))
    let segmenter = try Segmenter(SmallModels.segmenter(), threads: 2)
    #expect(try segmenter.segment(picture) == segmenter.segment(picture, views: .whole))
  }

  @Test("the detections in a wide image are those in its regions, merged")
  func regions() throws {
    let detector = try Detector(SmallModels.detector(), threads: 2)
    let layout = ViewLayout(.auto, width: 320, height: 180)
    #expect(layout.views.count == 4)
    var all: [Detection] = []
    for view in layout.views {
      for var one in try detector.detect(SmallModels.crop(Self.wide, view.region), Self.options(.whole)) {
        one.box = one.box.moved(x: Float(view.region.x), y: Float(view.region.y))
        all.append(one)
      }
    }
    let found = try detector.detect(Self.wide, Self.options(.auto))
    #expect(found.count > 3 && found.count < all.count)
    #expect(found.allSatisfy { all.contains($0) })
    #expect(found.map(\.score) == found.map(\.score).sorted(by: >))
    #expect(try detector.detect(Self.wide, Self.options(.auto, limit: 2)) == Array(found.prefix(2)))
    #expect(try detector.detect(Self.wide, Self.options(.squares)) == found)
    #expect(try detector.detect(Self.wide, Self.options(.slices(size: 180, overlap: 0.4))) == found)
  }

  @Test("each pixel of a mask is from the square with the nearest centre", arguments: [false, true])
  func masks(pyramid: Bool) throws {
    let segmenter = try Segmenter(SmallModels.segmenter(pyramid: pyramid), threads: 2)
    let mask = try segmenter.segment(Self.wide)
    #expect(mask.width == 320 && mask.height == 180)
    #expect(mask != (try segmenter.segment(Self.wide, views: .whole)))
    var pixels = 0
    for view in ViewLayout(.auto, width: 320, height: 180).views {
      guard let cell = view.cell else { continue }
      let part = try segmenter.segment(SmallModels.crop(Self.wide, view.region))
      for y in cell.rows {
        let here = mask.ids[y * 320 + cell.x..<y * 320 + cell.columns.upperBound]
        let start = (y - view.region.y) * view.region.width + cell.x - view.region.x
        #expect(Array(here) == Array(part.ids[start..<start + cell.width]))
        pixels += cell.width
      }
    }
    #expect(pixels == 320 * 180)
  }

  @Test("the same bits for any number of threads", arguments: [2, 3, 8])
  func threads(threads: Int) throws {
    for views: Views in [.auto, .slices(size: 100, overlap: 0.2)] {
      let one = try Detector(SmallModels.detector(), threads: 1).detect(Self.wide, Self.options(views))
      #expect(try Detector(SmallModels.detector(), threads: threads).detect(Self.wide, Self.options(views)) == one)
      let mask = try Segmenter(SmallModels.segmenter(), threads: 1).segment(Self.wide, views: views)
      #expect(try Segmenter(SmallModels.segmenter(), threads: threads).segment(Self.wide, views: views) == mask)
    }
  }

  @Test("a network whose input has the image's aspect ratio runs on the whole image")
  func inputShape() throws {
    let segmenter = try Segmenter(SmallModels.segmenter(width: 128, height: 72), threads: 2)
    #expect(try segmenter.segment(Self.wide) == segmenter.segment(Self.wide, views: .whole))
  }
}

import Datasets
import ImageTypes
import TestSupport
import Testing

@Suite struct RealDataTests {
  @Test(.enabled(if: TestData.has("voc"), Comment(rawValue: TestData.absence(of: "voc"))))
  func pascalVOC() throws {
    let data = try Dataset.open(TestData.path("voc")!)
    #expect(data.formats == [.voc])
    #expect(data.samples.count == 62)
    #expect(data.skipped.isEmpty)
    #expect(data.classes.count == 21)
    let first = try #require(data.samples.first)
    #expect(first.name == "2007_000032")
    #expect((first.width, first.height) == (500, 281))
    // xmin 104, ymin 78, xmax 375, ymax 183, counted from 1 and including the last pixel.
    #expect(first.boxes.first == TruthBox(box: Box(x1: 103, y1: 77, x2: 375, y2: 183), classIndex: 1))
    for sample in data.samples {
      let mask = try #require(try sample.readMask())
      // Every class with a mask has a box, and the other way around.
      let outlined = Set(mask.pixelCounts().keys).subtracting([0, 255])
      #expect(Set(sample.boxes.map(\.classIndex)).isSubset(of: outlined), "\(sample.name)")
    }
  }

  @Test(.enabled(if: TestData.has("coco128"), Comment(rawValue: TestData.absence(of: "coco128"))))
  func yoloWithMasks() throws {
    let data = try Dataset.open(TestData.path("coco128")!)
    #expect(data.formats == [.yolo])
    #expect(data.samples.count == 128)
    #expect(data.withMasks.samples.count == 100)
    // Two text files have no image, and two images have no text file: they are background.
    #expect(data.skipped.count == 2)
    #expect(data.withBoxes.samples.count == 128)
    #expect(data.notes.first { $0.kind == .background }?.count == 2)
    #expect(data.classes[0].name == "unlabeled")
    #expect(data.classes[1] == DatasetClass(name: "person", id: 0))
    let first = try #require(data.samples.first)
    #expect(first.boxes.count == 8)
    #expect(first.boxes[0].classIndex == 46)
    let people = try data.mapped(by: ClassMapping(parsing: "person,void=unlabeled"))
    #expect(people.classNames == ["background", "person"])
    for sample in people.withMasks.samples {
      let mask = try #require(try sample.readMask())
      #expect(Set(mask.pixelCounts().keys).isSubset(of: [0, 1, 255]))
    }
  }
}

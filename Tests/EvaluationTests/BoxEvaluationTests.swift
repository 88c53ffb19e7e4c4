import Evaluation
import TestSupport
import Testing

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Box evaluation against COCO's tools and VOC's definition, and against cases computed by hand.
@Suite struct BoxEvaluationTests {
  let golden: BoxGolden

  init() throws { golden = try Golden.load("evaluation_boxes.json") }

  /// The largest difference between our figures and the tools', in which -1 is a missing figure.
  private func difference(_ found: [Double?], _ expected: [Double]) -> Double {
    guard found.count == expected.count else { return .infinity }
    return zip(found, expected).map { abs(($0 ?? -1) - $1) }.max() ?? 0
  }

  private func difference(_ figures: COCOFigures, _ expected: BoxGolden.COCO) -> Double {
    [
      difference(figures.all.map(\.value), expected.stats), difference(figures.classes.map(\.ap), expected.ap),
      difference(figures.classes.map(\.ap50), expected.ap50), difference(figures.classes.map(\.ap75), expected.ap75),
      difference(figures.classes.map(\.ar100), expected.ar100),
    ].max()!
  }

  @Test("the figures equal those of COCO's tools: crowds, ties, empty images, more than 100 detections")
  func coco() {
    #expect(golden.cases.count == 6)
    for one in golden.cases {
      let samples = one.samples()
      let figures = COCOEvaluation.figures(samples, classes: one.classes)
      let difference = difference(figures, one.coco)
      print("\(one.name): largest difference to pycocotools \(difference)")
      #expect(difference < 1e-12, "\(one.name): \(figures.all)")
      let curve = COCOEvaluation.curves(samples, classes: one.classes)[0]
      let precisions = curve.map { $0.precisions(at: COCOEvaluation.recallGrid) }
      let none = [Double](repeating: -1, count: 101)
      #expect(self.difference(precisions ?? none, one.coco.precisions) < 1e-15, "\(one.name)")
    }
    // The cases contain the situations in their names.
    let all = golden.cases.flatMap { $0.samples() }
    #expect(all.contains { $0.found.count > 100 } && all.contains { $0.truth.isEmpty && $0.found.isEmpty })
    #expect(all.contains { $0.truth.contains(where: \.isCrowd) })
    #expect(all.contains { sample in Set(sample.found.map(\.score)).count < sample.found.count })
  }

  @Test("VOC's average precision equals its definition")
  func voc() {
    for one in golden.cases {
      let curves = VOCEvaluation.curves(one.samples(), classes: one.classes)
      let eleven = difference(curves.map { $0?.elevenPointAveragePrecision }, one.voc.map { $0[0] })
      let area = difference(curves.map { $0?.averagePrecision }, one.voc.map { $0[1] })
      print("\(one.name): largest difference to NumPy \(max(eleven, area))")
      #expect(eleven < 1e-12 && area < 1e-12, "\(one.name)")
    }
  }

  struct Truth: Decodable {
    struct Annotation: Decodable {
      let image_id, category_id, iscrowd: Int
      let bbox: [Double]
      let area: Double
    }
    struct Numbered: Decodable { let id: Int }
    let images, categories: [Numbered]
    let annotations: [Annotation]
  }

  struct Result: Decodable {
    let image_id, category_id: Int
    let bbox: [Double]
    let score: Double
  }

  private func load<T: Decodable>(_ name: String) throws -> T {
    let path = try #require(TestData.path("coco-eval/\(name)"))
    return try JSONDecoder().decode(T.self, from: Data(contentsOf: URL(fileURLWithPath: path)))
  }

  private func extent(_ numbers: [Double]) -> Extent {
    Extent(x: numbers[0], y: numbers[1], width: numbers[2], height: numbers[3])
  }

  @Test(
    "the sample results of COCO's tools have their official figures",
    .enabled(if: TestData.has("coco-eval"), Comment(rawValue: TestData.absence(of: "coco-eval"))))
  func official() throws {
    let truth: Truth = try load("gts/sampled_gts_bbox_area.json")
    let results: [Result] = try load("instances_val2014_fakebbox100_results.json")
    #expect(truth.images.count == 100 && truth.annotations.count == 830 && results.count == 734)
    let classes = truth.categories.map(\.id).sorted()
    let index = Dictionary(uniqueKeysWithValues: classes.enumerated().map { ($0.element, $0.offset) })
    let samples = try truth.images.map(\.id).sorted().map { id in
      BoxSample(
        truth: try truth.annotations.filter { $0.image_id == id }.map {
          TrueBox(
            classIndex: try #require(index[$0.category_id]), extent: extent($0.bbox), area: $0.area,
            isCrowd: $0.iscrowd != 0)
        },
        found: try results.filter { $0.image_id == id }.map {
          FoundBox(classIndex: try #require(index[$0.category_id]), score: $0.score, extent: extent($0.bbox))
        })
    }
    let figures = COCOEvaluation.figures(samples, classes: classes.count)
    let difference = difference(figures, golden.val2014)
    print("val2014, 100 pictures: largest difference to pycocotools \(difference)")
    #expect(difference < 1e-12)
    // The figures of `val2014_fake_eval_res.txt` are from other tools, which take areas from outlines: those by area
    // differ.
    let stated = ["AP": 0.505, "AP50": 0.697, "AP75": 0.573, "AR1": 0.387, "AR10": 0.594, "AR100": 0.595]
    for (name, value) in stated {
      let ours = try #require(figures.all.first { $0.name == name }?.value)
      #expect(abs(ours - value) < 0.002, "\(name) \(ours), stated \(value)")
    }
  }

  // MARK: By hand

  private let square = Extent(x: 0, y: 0, width: 100, height: 100)

  private func found(_ score: Double, _ extent: Extent) -> FoundBox {
    FoundBox(classIndex: 0, score: score, extent: extent)
  }

  @Test("a perfect detector has 1 everywhere, an empty one 0, and without ground truth there is no figure")
  func extremes() {
    let truth = [TrueBox(classIndex: 0, extent: square)]
    let perfect = COCOEvaluation.figures([BoxSample(truth: truth, found: [found(0.9, square)])], classes: 1)
    #expect([perfect.ap, perfect.ap50, perfect.apLarge, perfect.ar1, perfect.ar100].allSatisfy { $0! > 1 - 1e-12 })
    #expect(perfect.apSmall == nil && perfect.arMedium == nil)
    let blind = COCOEvaluation.figures([BoxSample(truth: truth, found: [])], classes: 2)
    #expect(blind.ap == 0 && blind.ar100 == 0 && blind.classes[1].ap == nil)
    #expect(COCOEvaluation.figures([], classes: 1).all.allSatisfy { $0.value == nil })
    #expect(VOCEvaluation.curves([BoxSample(truth: [], found: [found(1, square)])], classes: 1) == [nil])
  }

  @Test("a ground-truth box is matched once, and a difficult one is ignored")
  func once() throws {
    let truth = [TrueBox(classIndex: 0, extent: square)]
    let twice = BoxSample(truth: truth, found: [found(0.9, square), found(0.8, square)])
    let curve = try #require(VOCEvaluation.curves([twice], classes: 1)[0])
    #expect(curve.recalls == [1, 1] && abs(curve.precisions[1] - 0.5) < 1e-12)
    let other = Extent(x: 300, y: 0, width: 50, height: 50)
    let difficult = BoxSample(
      truth: truth + [TrueBox(classIndex: 0, extent: other, isDifficult: true)],
      found: [found(0.9, other), found(0.8, square)])
    for curve in [
      VOCEvaluation.curves([difficult], classes: 1)[0], COCOEvaluation.curves([difficult], classes: 1)[0],
    ] {
      #expect(curve?.positives == 1 && curve?.scores == [0.8] && curve?.recalls == [1])
    }
  }

  @Test("an IoU equal to the threshold matches, and of equal IoUs COCO takes the later one")
  func borders() {
    let half = Extent(x: 0, y: 0, width: 100, height: 50)
    let sample = BoxSample(truth: [TrueBox(classIndex: 0, extent: square)], found: [found(0.9, half)])
    #expect(COCOEvaluation.curves([sample], classes: 1)[0]?.recalls == [1])
    #expect(COCOEvaluation.curves([sample], classes: 1, threshold: 1)[0]?.recalls == [0])
    #expect(VOCEvaluation.curves([sample], classes: 1)[0]?.recalls == [1])
    // The first detection overlaps two boxes equally; the second overlaps the earlier one only, which must be free.
    let left = Extent(x: 0, y: 0, width: 60, height: 10), right = Extent(x: 40, y: 0, width: 60, height: 10)
    let both = BoxSample(
      truth: [TrueBox(classIndex: 0, extent: left), TrueBox(classIndex: 0, extent: right)],
      found: [found(0.9, Extent(x: 20, y: 0, width: 60, height: 10)), found(0.8, left)])
    #expect(COCOEvaluation.curves([both], classes: 1)[0]?.recalls == [0.5, 1])
  }

  @Test("in VOC a detection is matched with its best box only, in COCO with the next free one")
  func secondChoice() {
    let shifted = Extent(x: 10, y: 0, width: 100, height: 100)
    let sample = BoxSample(
      truth: [TrueBox(classIndex: 0, extent: square), TrueBox(classIndex: 0, extent: shifted)],
      found: [found(0.9, square), found(0.8, square)])
    #expect(VOCEvaluation.curves([sample], classes: 1)[0]?.recalls == [0.5, 0.5])
    #expect(COCOEvaluation.curves([sample], classes: 1)[0]?.recalls == [0.5, 1])
  }

  @Test("the three average precisions of one curve")
  func averages() {
    let outcomes = [true, false, true, false].enumerated().map {
      PrecisionRecallCurve.Outcome(score: 1 - Double($0.offset) / 10, isHit: $0.element)
    }
    let curve = PrecisionRecallCurve(outcomes, positives: 4)
    #expect(curve.recalls == [0.25, 0.25, 0.5, 0.5] && curve.finalRecall == 0.5)
    // The precision is 1 up to a recall of 1/4, then 2/3 up to 1/2, then 0.
    #expect(abs(curve.averagePrecision - (0.25 + 0.25 * 2 / 3)) < 1e-12)
    #expect(abs(curve.elevenPointAveragePrecision - (3 + 3 * 2.0 / 3) / 11) < 1e-12)
    #expect(abs(curve.cocoAveragePrecision - (26 + 25 * 2.0 / 3) / 101) < 1e-12)
  }
}

import Tensors
import Datasets
import ImageTypes
import ModelFiles
import Testing
import Training

@Suite struct DetectionPlanTests {
  private func card(_ network: NetworkFamily = .mobileNetV2, size: Int = 300, task: ModelCard.Task = .detect)
    -> ModelCard
  {
    var backbone = BackboneCard(
      widthMultiplier: 1, outputStride: 32, padding: .same, batchNormEpsilon: 1e-3, hasLastConvolution: true)
    backbone.network = network.rawValue
    backbone.groups = network == .shuffleNet ? 3 : nil
    return ModelCard(
      name: "base", task: task, family: "trained",
      provenance: Provenance(origin: "test", licence: "unknown", sourceSHA256: ""), backbone: backbone,
      input: InputCard(
        width: size, height: size, fit: .stretch, grid: .halfPixel, antialias: true, mean: [0, 0, 0],
        standardDeviation: [1, 1, 1]))
  }

  /// Images of 640 x 480 with a box of each class, whose sides are fractions of the image's.
  private func data(_ count: Int, sides: [Float]) -> Dataset {
    Dataset(
      formats: [.voc],
      classes: [DatasetClass(name: "background", id: 0)]
        + sides.indices.map { DatasetClass(name: "class \($0 + 1)", id: $0 + 1) },
      samples: (0..<count).map { index in
        Sample(
          path: "p\(index).png", name: "p\(index)", width: 640, height: 480,
          boxes: sides.enumerated().map { number, side in
            TruthBox(box: Box(x1: 0, y1: 0, x2: 640 * side, y2: 480 * side), classIndex: number + 1)
          }, mask: nil)
      }, skipped: [])
  }

  @Test func smallThingsAskForALargerInput() {
    #expect(DetectionPlan(data(10, sides: [0.5, 0.1]), base: card()).size == 300)
    let small = DetectionPlan(data(10, sides: [0.5, 0.05]), base: card())
    // 20 pixels at 0.05 of the side give a side of 400; the next multiple of 32 is 416.
    #expect(small.size == 416)
    #expect(small.smallestClass == "class 2")
    #expect(abs(small.smallestSide - 0.05) < 1e-6)
    #expect(DetectionPlan(data(10, sides: [0.001]), base: card()).size == 512)
    #expect(DetectionPlan(data(10, sides: [0.001]), base: card(size: 640)).size == 640)
    // A classifier's input size is small for a detector.
    #expect(DetectionPlan(data(10, sides: [0.5]), base: card(size: 224, task: .classify)).size == 300)
  }

  @Test func smallThingsAskForABackboneThatKnowsSmallThings() {
    #expect(DetectionPlan.hasSmallThings(data(10, sides: [0.5, 0.09])))
    #expect(!DetectionPlan.hasSmallThings(data(10, sides: [0.5, 0.11])))
  }

  @Test(arguments: [1, 5, 24, 300, 3000, 7000, 100_000]) func theWorkIsBounded(count: Int) {
    let plan = DetectionPlan(data(count, sides: [0.5]), base: card())
    let samples = count * plan.variants * plan.epochs
    #expect(plan.variants >= 1 && plan.epochs >= 1 && plan.batch >= 1)
    #expect(count * plan.variants >= plan.batch, "a batch must be there")
    #expect(samples <= max(26000, count), "\(samples) samples")
    #expect(samples >= min(count * 8, 20000), "\(samples) samples")
  }

  @Test func networksWhoseBlocksDoNotLearnStayFrozen() {
    let data = data(3, sides: [0.5])
    #expect(DetectionPlan(data, base: card(.shuffleNet)).learning == .none)
    #expect(DetectionPlan(data, base: card()).learning == .blocks(from: 2))
    #expect(DetectionPlan(data, base: card(.mobileNetV1)).learning != .none)
  }
}

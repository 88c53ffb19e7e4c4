import Backbone
import Graphs
import ImageTypes
import Kernels
import ModelFiles
import SSDLite
import Tensors
import TestSupport
import Testing

/// The head and its default boxes against TensorFlow on the person detector's graph.
@Suite struct TensorFlowGoldenTests {
  private struct Head: Decodable {
    struct Anchor: Decodable {
      let index: Int
      /// ymin, xmin, ymax, xmax.
      let box: [Float]
    }
    let tensors: [TensorGolden]
    let anchors: [Anchor]

    func tensor(_ name: String) -> TensorGolden { tensors.first { $0.name == name }! }
  }

  private static let maps = [(19, 19), (10, 10), (5, 5), (3, 3), (2, 2), (1, 1)].map { (height: $0.0, width: $0.1) }

  private func corners(_ box: Box) -> [Float] { [box.y1, box.x1, box.y2, box.x2] }

  @Test("the default boxes equal the graph's 1,917")
  func defaultBoxes() throws {
    let golden = try Golden.load("ssdlite_300.json", as: Head.self)
    let boxes = DefaultBoxes(
      maps: Self.maps, minimumScale: 0.2, maximumScale: 0.95, inputHeight: 300, inputWidth: 300)
    #expect(boxes.anchors.count == 1_917)
    // A code of zeros is the default box itself.
    let all = boxes.anchors.indices.flatMap { corners(boxes.decode($0, (0, 0, 0, 0), divisors: [10, 10, 5, 5])) }
    let sampled = golden.tensor("anchors").compare(all, floor: 1)
    print(sampled)
    #expect(sampled.isWithin(1e-6))
    let exact = Comparison(
      "named default boxes", found: golden.anchors.flatMap { Array(all[$0.index * 4..<$0.index * 4 + 4]) },
      expected: golden.anchors.flatMap(\.box), floor: 1)
    print(exact)
    #expect(exact.isWithin(1e-6))
  }

  @Test(
    "codes, logits and decoded boxes agree",
    .enabled(
      if: TestData.model("person-ssdlite") != nil, Comment(rawValue: TestData.absence(ofModel: "person-ssdlite"))))
  func logits() throws {
    let golden = try Golden.load("ssdlite_300.json", as: Head.self)
    let model = try ModelFile.open(path: TestData.model("person-ssdlite")!)
    let card = try #require(model.card.detection)
    var graph = try Graph(model.card.backbone)
    try graph.ssdlite(outputs: card.outputs)
    let network = try Network(graph, weights: model.weights, session: Session(threads: 2))
    let logits = try BoxLogits(network, Synthetic.input(width: 300, height: 300), outputs: card.outputs)
    #expect(logits.maps.map(\.height) == Self.maps.map(\.height) && logits.count == 1_917)

    let boxes = DefaultBoxes(
      maps: logits.maps, minimumScale: card.minimumScale, maximumScale: card.maximumScale, inputHeight: 300,
      inputWidth: 300)
    let decoded = (0..<logits.count).flatMap { index -> [Float] in
      let code = logits.codes[index * 4..<index * 4 + 4].map { $0 }
      return corners(boxes.decode(index, (code[0], code[1], code[2], code[3]), divisors: [10, 10, 5, 5]))
    }
    for comparison in [
      golden.tensor("codes").compare(logits.codes), golden.tensor("logits").compare(logits.logits),
      golden.tensor("boxes").compare(decoded, floor: 1),
    ] {
      print(comparison)
      #expect(comparison.isWithin(1e-3), "\(comparison)")
    }
  }

  @Test("boxes are clipped to the input after non-maximum suppression, not before")
  func whole() {
    var weights: [String: (shape: [Int], values: [Float])] = [:]
    var graph = NetworkLayout.mobileNetV2().graph
    // A network of zeros gives a score of 0.5 to every default box, unchanged.
    do { try graph.ssdlite(outputs: 2) } catch { Issue.record(error) }
    for parameter in graph.parameters {
      weights[parameter.name] = (parameter.shape, [Float](repeating: 0, count: parameter.shape.reduce(1, *)))
    }
    let card = DetectionCard(
      outputs: 2, scoreActivation: .sigmoid, backgroundOutput: 0, boxCoder: [10, 10, 5, 5], minimumScale: 0.2,
      maximumScale: 0.95, maps: 6, scoreThreshold: 1e-8, iouThreshold: 0.6, maximumDetections: 100)
    do {
      let gathered = Weights(source: "zeros", tensors: weights)
      let network = try Network(graph, weights: gathered, session: Session(threads: 1))
      let logits = try BoxLogits(
        network, Tensor(zeros: Shape(height: 64, width: 64, channels: 3)), outputs: 2)
      let boxes = DefaultBoxes(
        maps: logits.maps, minimumScale: 0.2, maximumScale: 0.95, inputHeight: 64, inputWidth: 64)
      let candidates = logits.candidates(card, anchors: boxes, threshold: 0.4)
      #expect(candidates.count == logits.count)
      #expect(candidates.allSatisfy { $0.score == 0.5 && $0.output == 1 })
      #expect(candidates.contains { $0.box.x1 < 0 } && candidates.contains { $0.box.y2 > 1 })
      #expect(logits.candidates(card, anchors: boxes, threshold: 0.5).isEmpty)
    } catch { Issue.record(error) }
  }
}

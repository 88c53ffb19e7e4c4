import Backbone
import ImageTypes
import ModelFiles
import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The raw output of the head for every default box: box codes and class logits.
public struct BoxLogits: Sendable {
  /// Class logits of each box, background included.
  public let outputs: Int
  /// Rows and columns of the predictors' maps, shallow to deep.
  public let maps: [(height: Int, width: Int)]
  /// The box codes `[boxes, 4]`: ty, tx, th, tw.
  public private(set) var codes: [Float]
  /// The class logits `[boxes, outputs]`.
  public private(set) var logits: [Float]

  /// Predictions of zeros for some maps, to be filled.
  init(outputs: Int, maps: [(height: Int, width: Int)]) {
    self.outputs = outputs
    self.maps = maps
    let count = BoxLogits.boxes(maps[...])
    codes = [Float](repeating: 0, count: count * 4)
    logits = [Float](repeating: 0, count: count * outputs)
  }

  /// Predictions from another source.
  package init(outputs: Int, maps: [(height: Int, width: Int)], codes: [Float], logits: [Float]) {
    self.init(outputs: outputs, maps: maps)
    precondition(
      codes.count == self.codes.count && logits.count == self.logits.count,
      "\(codes.count) codes and \(logits.count) logits for \(count) default boxes")
    self.codes = codes
    self.logits = logits
  }

  /// The number of default boxes.
  public var count: Int { codes.count / 4 }

  /// Runs a network on one image whose outputs begin with SSDLite's.
  ///
  /// - Parameters:
  ///   - network: of a graph with `ssdlite`.
  ///   - outputs: class logits of a box.
  ///   - observer: called after each step.
  /// - Throws: `BackboneError` when the input has another shape.
  package init(
    _ network: Network, _ input: borrowing Tensor, outputs: Int, observer: (_ step: Int) -> Void = { _ in }
  ) throws(BackboneError) {
    try unsafe self.init(network, input, outputs: outputs, others: [], observer: observer)
  }

  /// Runs a network on one image whose first outputs are SSDLite's.
  ///
  /// - Parameters:
  ///   - network: of a graph with `ssdlite`.
  ///   - others: memory for the further outputs, as many floats as each has.
  ///   - observer: called after each step.
  /// - Throws: `BackboneError` when the input has another shape.
  @unsafe package init(
    _ network: Network, _ input: borrowing Tensor, outputs: Int, others: [UnsafeMutablePointer<Float>],
    observer: (_ step: Int) -> Void = { _ in }
  ) throws(BackboneError) {
    let shape = input.shape
    let count = unsafe 2 * SSDLite.maps + others.count
    let shapes = try network.outputShapes(height: shape.height, width: shape.width, 0..<count)
    let maps = stride(from: 0, to: 2 * SSDLite.maps, by: 2).map { (height: shapes[$0].height, width: shapes[$0].width) }
    self.init(outputs: outputs, maps: maps)
    var (codes, logits) = (codes, logits)
    (self.codes, self.logits) = ([], [])
    try unsafe codes.withUnsafeMutableBufferPointer { (codes) throws(BackboneError) in
      try unsafe logits.withUnsafeMutableBufferPointer { (logits) throws(BackboneError) in
        var pointers: [UnsafeMutablePointer<Float>] = unsafe []
        for map in maps.indices {
          let begin = BoxLogits.boxes(maps[..<map])
          unsafe pointers.append(codes.baseAddress! + begin * 4)
          unsafe pointers.append(logits.baseAddress! + begin * outputs)
        }
        unsafe pointers += others
        try unsafe network.run(input, 0..<count, into: pointers, observer: observer)
      }
    }
    (self.codes, self.logits) = (codes, logits)
  }

  private static func boxes(_ maps: ArraySlice<(height: Int, width: Int)>) -> Int {
    zip(maps.indices, maps).reduce(0) { $0 + $1.1.height * $1.1.width * DefaultBoxes.count(map: $1.0) }
  }

  /// The decoded boxes with a score above the threshold, relative to the input, in no particular order.
  ///
  /// A box may extend beyond the input. As in the TensorFlow Object Detection API, IoU is computed on unclipped boxes,
  /// and the kept ones are clipped afterwards.
  ///
  /// - Parameters:
  ///   - threshold: scores must be greater.
  ///   - anchors: the default boxes of `maps`.
  /// - Complexity: O(boxes · outputs); an exponential only where a logit passes.
  public func candidates(_ card: DetectionCard, anchors: DefaultBoxes, threshold: Float) -> [BoxCandidate] {
    precondition(anchors.anchors.count == count, "\(anchors.anchors.count) default boxes for \(count) codes")
    var found: [BoxCandidate] = []
    let divisors: [4 of Float] = [card.boxCoder[0], card.boxCoder[1], card.boxCoder[2], card.boxCoder[3]]
    func consider(_ anchor: Int, _ output: Int, _ score: Float) {
      guard score > threshold, score.isFinite else { return }
      let c = anchor * 4
      let box = anchors.decode(anchor, (codes[c], codes[c + 1], codes[c + 2], codes[c + 3]), divisors: divisors)
      guard box.isProper else { return }
      found.append(BoxCandidate(output: output, score: score, box: box, anchor: anchor))
    }
    switch card.scoreActivation {
    case .sigmoid:
      // sigmoid(x) > t  ⇔  x > log(t / (1 - t)): most boxes end here, without an exponential. The margin leaves the
      // decision at the border to the score itself.
      let border = threshold <= 0 ? -Float.infinity : log(threshold / (1 - threshold)) - 1e-3
      for anchor in 0..<count {
        for output in 0..<outputs where output != card.backgroundOutput {
          let logit = logits[anchor * outputs + output]
          // An infinite logit is an overflow, not a certainty. A NaN fails the comparison.
          if logit > border, logit < .infinity { consider(anchor, output, 1 / (1 + exp(-logit))) }
        }
      }
    case .softmax:
      for anchor in 0..<count {
        let row = logits[anchor * outputs..<(anchor + 1) * outputs]
        guard row.allSatisfy(\.isFinite) else { continue }
        let largest = row.max()!
        let sum = row.reduce(Float(0)) { $0 + exp($1 - largest) }
        for output in 0..<outputs where output != card.backgroundOutput {
          consider(anchor, output, exp(row[row.startIndex + output] - largest) / sum)
        }
      }
    }
    return found
  }
}

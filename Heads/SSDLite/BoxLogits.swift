import ModelFiles
import Postprocess
import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// What the head says of every default box, before any decision.
public struct BoxLogits: Sendable {
  /// Class logits of each box, background included.
  public let outputs: Int
  /// Rows and columns of the maps that were predicted from, shallow to deep.
  public let maps: [(height: Int, width: Int)]
  /// `[boxes, 4]`: ty, tx, th, tw.
  public private(set) var codes: [Float]
  /// `[boxes, outputs]`.
  public private(set) var logits: [Float]

  /// Room for the predictions from some maps: zeros.
  init(outputs: Int, maps: [(height: Int, width: Int)]) {
    self.outputs = outputs
    self.maps = maps
    let count = BoxLogits.boxes(maps[...])
    codes = [Float](repeating: 0, count: count * 4)
    logits = [Float](repeating: 0, count: count * outputs)
  }

  /// Predictions that were made elsewhere.
  package init(outputs: Int, maps: [(height: Int, width: Int)], codes: [Float], logits: [Float]) {
    self.init(outputs: outputs, maps: maps)
    precondition(
      codes.count == self.codes.count && logits.count == self.logits.count,
      "\(codes.count) codes and \(logits.count) logits for \(count) default boxes")
    self.codes = codes
    self.logits = logits
  }

  /// Default boxes.
  public var count: Int { codes.count / 4 }

  /// Lets a predictor write the codes and logits of one map.
  mutating func fill(
    _ map: Int,
    _ body: (_ codes: UnsafeMutableBufferPointer<Float>, _ logits: UnsafeMutableBufferPointer<Float>) -> Void
  ) {
    let begin = BoxLogits.boxes(maps[..<map])
    let end = BoxLogits.boxes(maps[...map])
    unsafe codes.withUnsafeMutableBufferPointer { codes in
      unsafe logits.withUnsafeMutableBufferPointer { logits in
        unsafe body(
          UnsafeMutableBufferPointer(rebasing: codes[begin * 4..<end * 4]),
          UnsafeMutableBufferPointer(rebasing: logits[begin * outputs..<end * outputs]))
      }
    }
  }

  private static func boxes(_ maps: ArraySlice<(height: Int, width: Int)>) -> Int {
    zip(maps.indices, maps).reduce(0) { $0 + $1.1.height * $1.1.width * DefaultBoxes.count(map: $1.0) }
  }

  /// The boxes whose score passes, decoded, relative to the input, in no useful order.
  ///
  /// A box may leave the input: the API's overlaps are those of whole boxes, and it clips what is kept afterwards.
  ///
  /// - Parameters:
  ///   - threshold: scores must be greater.
  ///   - anchors: the default boxes of `maps`.
  /// - Complexity: O(boxes · outputs); an exponential only where a logit passes.
  public func candidates(_ card: DetectionCard, anchors: DefaultBoxes, threshold: Float) -> [Detection] {
    precondition(anchors.anchors.count == count, "\(anchors.anchors.count) default boxes for \(count) codes")
    var found: [Detection] = []
    let divisors: [4 of Float] = [card.boxCoder[0], card.boxCoder[1], card.boxCoder[2], card.boxCoder[3]]
    func consider(_ anchor: Int, _ output: Int, _ score: Float) {
      guard score > threshold, score.isFinite else { return }
      let c = anchor * 4
      let box = anchors.decode(anchor, (codes[c], codes[c + 1], codes[c + 2], codes[c + 3]), divisors: divisors)
      guard box.isProper else { return }
      found.append(Detection(output: output, score: score, box: box, anchor: anchor))
    }
    switch card.scoreActivation {
    case .sigmoid:
      // sigmoid(x) > t  ⇔  x > log(t / (1 - t)): most boxes end here, without an exponential. The margin leaves the
      // decision at the border to the score itself.
      let border = threshold <= 0 ? -Float.infinity : log(threshold / (1 - threshold)) - 1e-3
      for anchor in 0..<count {
        for output in 0..<outputs where output != card.backgroundOutput {
          let logit = logits[anchor * outputs + output]
          // An infinite logit is no certainty but an overflow; so is a NaN, which compares with nothing.
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

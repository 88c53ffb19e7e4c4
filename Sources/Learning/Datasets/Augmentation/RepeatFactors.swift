import Tensors

extension Dataset {
  /// The repeat factor of each picture, greater than 1 for pictures with rare classes.
  ///
  /// A class in a share f of the pictures has the factor max(1, sqrt(`threshold` / f)), and a picture that of its
  /// rarest class; one without any has 1. The classes are those of boxes, without crowds, and of the whole picture.
  ///
  /// Source: "LVIS: A Dataset for Large Vocabulary Instance Segmentation", repeat factor sampling.
  ///
  /// - Parameter threshold: the share of the pictures, in [0, 1], below which a class is rare; 0 gives factors of 1.
  /// - Complexity: O(boxes).
  public func repeatFactors(threshold: Double) -> [Double] {
    let present = samples.map { sample in
      Set(sample.boxes.filter { !$0.crowd }.map(\.classIndex) + (sample.classIndex.map { [$0] } ?? []))
    }
    var pictures = [Int](repeating: 0, count: classes.count)
    for indices in present {
      for index in indices { pictures[index] += 1 }
    }
    let factors = pictures.map { count in
      count == 0 ? 1 : max(1, (threshold * Double(samples.count) / Double(count)).squareRoot())
    }
    return present.map { indices in indices.reduce(1) { max($0, factors[$1]) } }
  }
}

extension Augmenter {
  /// The number of variants of each picture, `variants` for a picture without rare classes.
  ///
  /// The fraction that a repeat factor leaves is rounded at random, so that the mean is right.
  package func variantCounts(_ variants: Int) -> [Int] {
    dataset.repeatFactors(threshold: augmentation.repeatThreshold).enumerated().map { picture, factor in
      let wanted = Double(variants) * factor
      let whole = Int(wanted)
      var draw = Draw(seed: Draw.lot(of: "repeat", seed: seed), picture: picture, variant: 0)
      return whole + (draw.happens(wanted - Double(whole)) ? 1 : 0)
    }
  }
}

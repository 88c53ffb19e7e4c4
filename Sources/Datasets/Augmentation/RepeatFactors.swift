import Tensors

extension Dataset {
  /// How many times as often as the others each picture should be seen, so that rare classes are not forgotten.
  ///
  /// A class in a share f of the pictures has the factor max(1, sqrt(`threshold` / f)), and a picture that of its rarest
  /// class; one without any has 1. Boxes tell the classes, crowds left out, and the class of the whole
  /// picture.
  ///
  /// Source: "LVIS: A Dataset for Large Vocabulary Instance Segmentation", repeat factor sampling.
  ///
  /// - Parameter threshold: the share of the pictures, in [0, 1], from which on a class is not rare; 0 gives factors of 1.
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
  /// How many variants each picture has where one without rare classes has `variants`.
  ///
  /// The fraction that `Augmentation.repeatThreshold` leaves is resolved by a draw, so that the mean is right.
  public func variantCounts(_ variants: Int) -> [Int] {
    dataset.repeatFactors(threshold: augmentation.repeatThreshold).enumerated().map { picture, factor in
      let wanted = Double(variants) * factor
      let whole = Int(wanted)
      var draw = Draw(seed: Draw.lot(of: "repeat", seed: seed), picture: picture, variant: 0)
      return whole + (draw.happens(wanted - Double(whole)) ? 1 : 0)
    }
  }
}

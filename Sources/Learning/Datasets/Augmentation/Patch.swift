import ImageTypes

/// A kind of patch that a variant may show instead of its whole picture.
public enum PatchChoice: Hashable, Sendable, Codable {
  /// The whole picture.
  case whole
  /// A patch with at least that IoU with some box, in [0, 1]; 0 allows any patch.
  case overlap(Double)
}

/// A part of a canvas, in its widths and heights.
struct Patch {
  var x, y: Double
  var width, height: Double
  var box: Box { Box(x1: Float(x), y1: Float(y), x2: Float(x + width), y2: Float(y + height)) }
}

extension Placement {
  /// The same picture after an enlargement of a patch to the whole canvas.
  func enlarged(_ patch: Patch) -> Placement {
    Placement(
      columns: columns.enlarged((patch.x, patch.width)), rows: rows.enlarged((patch.y, patch.height)))
  }
}

extension Augmentation {
  /// SSD's kinds of patches, with equal probability.
  ///
  /// Source: "SSD: Single Shot MultiBox Detector", section 2.2.
  public static let ssdPatches: [PatchChoice] = [
    .whole, .overlap(0.1), .overlap(0.3), .overlap(0.5), .overlap(0.7), .overlap(0.9), .overlap(0),
  ]

  /// The patch of the canvas that a variant shows; `nil` for all of it.
  ///
  /// A kind is drawn, then up to 50 patches of it until one contains the centre of a box and has the required IoU with
  /// such a box. After 50 failures another kind is drawn. Crowds do not count, and for a picture without boxes any
  /// patch is accepted.
  ///
  /// - Complexity: O(boxes) a trial, at most 500 trials.
  func patch(seed: UInt64, of picture: LabelledImage, _ placement: Placement) -> Patch? {
    var draw = Draw(seed: seed, picture: 0, variant: 0)
    let (unitX, unitY) = (Float(width), Float(height))
    let boxes = picture.boxes.filter { !$0.crowd }.compactMap { placement.clipped(placement.whole($0.box)) }.map {
      Box(x1: $0.x1 / unitX, y1: $0.y1 / unitY, x2: $0.x2 / unitX, y2: $0.y2 / unitY)
    }
    let proportion = Double(picture.image.width) / Double(picture.image.height)
    for _ in 0..<10 {
      guard case .overlap(let least) = patches[draw.index(below: patches.count)] else { return nil }
      for _ in 0..<50 {
        // Every number is drawn in any case, so that a trial begins at the same number whatever the result of earlier
        // ones.
        let (width, height) = (draw.uniform(patchSide), draw.uniform(patchSide))
        let patch = Patch(x: (1 - width) * draw.unit(), y: (1 - height) * draw.unit(), width: width, height: height)
        guard patchAspect.contains(width / height * proportion) else { continue }
        if boxes.isEmpty || patch.contains(boxes, overlap: Float(least)) { return patch }
      }
    }
    return nil
  }
}

extension Patch {
  /// Whether the patch contains the centre of a box and has at least that IoU with it.
  fileprivate func contains(_ boxes: [Box], overlap: Float) -> Bool {
    let all = box
    return boxes.contains {
      let (x, y) = (($0.x1 + $0.x2) / 2, ($0.y1 + $0.y2) / 2)
      return all.x1 < x && x < all.x2 && all.y1 < y && y < all.y2 && $0.iou(with: all) >= overlap
    }
  }
}

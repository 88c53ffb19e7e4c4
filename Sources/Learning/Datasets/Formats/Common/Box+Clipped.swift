import ImageTypes

extension Box {
  /// The part inside a picture; `nil` where it is empty.
  package func clipped(width: Int, height: Int) -> Box? {
    let box = Box(x1: max(x1, 0), y1: max(y1, 0), x2: min(x2, Float(width)), y2: min(y2, Float(height)))
    return box.isProper ? box : nil
  }
}

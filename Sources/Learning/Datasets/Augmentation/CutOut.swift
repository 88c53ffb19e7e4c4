import ImageTypes

/// A connected component of one class in a mask: an object, or a part of one, that can be cut out.
package struct CutOut {
  package let classIndex: UInt8
  package let pixels: Int
  /// Columns and rows that it spans.
  package let columns, rows: Range<Int>
  /// The component's number and the number of each pixel's component, so that neighbouring components of the class are
  /// left behind.
  fileprivate let number: Int32

  /// The least size of a component as a share of the picture.
  private static let smallest = 0.002

  /// A mask's pixels by component.
  package struct Map {
    package let width, height: Int
    /// The component's number, or -1.
    fileprivate let numbers: [Int32]
    /// The components from the largest on.
    package let cutOuts: [CutOut]

    package func contains(_ cutOut: CutOut, x: Int, y: Int) -> Bool { numbers[y * width + x] == cutOut.number }
  }

  /// The components with 4-connectivity.
  ///
  /// - Parameter classes: the classes of the components; empty means all but the background and the ignore index.
  /// - Complexity: O(pixels), nearly.
  package static func find(in mask: Mask, classes: [Int]) -> Map {
    var wanted = [Bool](repeating: classes.isEmpty, count: 256)
    for index in classes where 1..<255 ~= index { wanted[index] = true }
    (wanted[0], wanted[255]) = (false, false)
    let (width, height) = (mask.width, mask.height)
    var numbers = [Int32](repeating: -1, count: width * height)
    // Runs of one class along a row; touching runs in the next row are joined through their parents (union-find).
    var parents: [Int32] = []
    var runs: [(start: Int, end: Int, id: UInt8)] = []
    func root(_ run: Int32) -> Int32 {
      var at = run
      while parents[Int(at)] != at {
        parents[Int(at)] = parents[Int(parents[Int(at)])]
        at = parents[Int(at)]
      }
      return at
    }
    var previous = 0..<0
    mask.ids.withSpan { ids in
      for y in 0..<height {
        let first = runs.count
        var above = previous.lowerBound
        var x = 0
        let line = y * width
        while x < width {
          let id = ids[line + x]
          var end = x + 1
          while end < width, ids[line + end] == id { end += 1 }
          if wanted[Int(id)] {
            let run = Int32(runs.count)
            runs.append((line + x, line + end, id))
            parents.append(run)
            while above < previous.upperBound, runs[above].end + width <= line + x { above += 1 }
            var other = above
            while other < previous.upperBound, runs[other].start + width < line + end {
              if runs[other].id == id {
                let (a, b) = (root(run), root(Int32(other)))
                parents[Int(max(a, b))] = min(a, b)
              }
              other += 1
            }
          }
          x = end
        }
        previous = first..<runs.count
      }
    }
    struct Extent {
      var pixels = 0
      var x1 = Int.max, x2 = 0, y1 = Int.max, y2 = 0
    }
    var extents: [Int32: Extent] = [:]
    for (index, run) in runs.enumerated() {
      let number = root(Int32(index))
      for i in run.start..<run.end { numbers[i] = number }
      var extent = extents[number] ?? Extent()
      extent.pixels += run.end - run.start
      (extent.x1, extent.x2) = (min(extent.x1, run.start % width), max(extent.x2, (run.end - 1) % width + 1))
      (extent.y1, extent.y2) = (min(extent.y1, run.start / width), max(extent.y2, run.start / width + 1))
      extents[number] = extent
    }
    let least = Int(smallest * Double(width * height))
    let found = extents.filter { $0.value.pixels >= max(least, 16) }.map { number, extent in
      CutOut(
        classIndex: runs[Int(number)].id, pixels: extent.pixels, columns: extent.x1..<extent.x2,
        rows: extent.y1..<extent.y2, number: number)
    }
    return Map(
      width: width, height: height, numbers: numbers,
      cutOuts: found.sorted { (-$0.pixels, $0.number) < (-$1.pixels, $1.number) })
  }
}

extension [UInt8] {
  fileprivate func withSpan(_ body: (Span<UInt8>) -> Void) { body(span) }
}

import Files

/// The outlines of a picture's objects in a COCO file, read on demand for the mask.
struct COCOOutlines: Sendable {
  struct Outline: Sendable {
    /// Its byte offset in the file.
    let position: Int
    let classIndex: UInt8
    let isCrowd: Bool
    let area: Float
  }

  private let file: MappedFile
  /// Crowds first, then objects from the largest to the smallest.
  private let outlines: [Outline]
  private let limits: Limits

  init(_ file: MappedFile, _ outlines: [Outline], _ limits: Limits) {
    self.file = file
    self.limits = limits
    // Equal areas are in the file's order.
    self.outlines = outlines.enumerated().sorted { a, b in
      if a.element.isCrowd != b.element.isCrowd { return a.element.isCrowd }
      return (b.element.area, a.offset) < (a.element.area, b.offset)
    }.map(\.element)
  }

  var path: String { file.path }

  /// A mask of class numbers, with the ignore index 255 in crowds.
  func paint(width: Int, height: Int) throws(DatasetError) -> [UInt8] {
    var canvas = MaskCanvas(path: path, width: width, height: height)
    for outline in outlines {
      var cursor = JSONCursor(file, at: outline.position, limits)
      let region = try Region(&cursor)
      try canvas.paint(region, outline.isCrowd ? 255 : outline.classIndex, at: outline.position)
    }
    return canvas.ids
  }

  /// Checks an outline without storing it; `false` for an empty one.
  static func check(_ cursor: inout JSONCursor) throws(DatasetError) -> Bool {
    switch try Region(&cursor) {
    case .polygons(let polygons): return !polygons.isEmpty
    case .runs: return true
    }
  }

  /// The forms of an outline in the file.
  enum Region {
    /// x, y of each corner in turn.
    case polygons([[Double]])
    /// Lengths of runs of 0 and 1 in turn, column by column, and the size of the picture.
    case runs([Int], width: Int, height: Int)

    init(_ cursor: inout JSONCursor) throws(DatasetError) {
      if cursor.kind() == UInt8(ascii: "[") {
        var polygons: [[Double]] = []
        var count = 0
        try cursor.array { (cursor) throws(DatasetError) in
          let start = cursor.position
          var polygon: [Double] = []
          try cursor.array { (cursor) throws(DatasetError) in
            count += 1
            try cursor.check(.points, count)
            polygon.append(try cursor.number())
          }
          guard polygon.count >= 6, polygon.count % 2 == 0, polygon.allSatisfy({ abs($0) <= 1e6 }) else {
            throw cursor.wrong(
              "a polygon of \(polygon.count) numbers",
              expected: "three or more pairs of coordinates of at most a million", at: start)
          }
          polygons.append(polygon)
        }
        self = .polygons(polygons)
        return
      }
      let start = cursor.position
      var size: [Int] = []
      var runs: [Int]?
      try cursor.object { (cursor, key) throws(DatasetError) in
        switch key {
        case "size":
          try cursor.array { (cursor) throws(DatasetError) in
            guard size.count < 2 else { throw cursor.wrong("more", expected: "a size of two sides") }
            size.append(try cursor.integer())
          }
        case "counts":
          if cursor.kind() == UInt8(ascii: "\"") {
            runs = try Region.decode(try cursor.stringBytes(), cursor)
          } else {
            var plain: [Int] = []
            try cursor.array { (cursor) throws(DatasetError) in
              try cursor.check(.points, plain.count + 1)
              plain.append(try cursor.integer())
            }
            runs = plain
          }
        default: try cursor.skip()
        }
      }
      guard let runs, size.count == 2, size[0] > 0, size[1] > 0 else {
        throw cursor.wrong("an outline without one of them", expected: "a size of two sides and counts", at: start)
      }
      if let excess = cursor.limits.excess(width: size[1], height: size[0]) {
        throw .excess(file: cursor.file.path, place: .byte(start), excess)
      }
      var total = 0
      for run in runs {
        guard run >= 0, run <= size[0] * size[1] - total else {
          throw cursor.wrong("runs that leave \(size[1])x\(size[0])", expected: "runs that fill it", at: start)
        }
        total += run
      }
      guard total == size[0] * size[1] else {
        throw cursor.wrong("runs of \(total) pixels", expected: "\(size[0] * size[1]) pixels", at: start)
      }
      self = .runs(runs, width: size[1], height: size[0])
    }

    /// Unpacks a string of counts.
    ///
    /// Each number is written in groups of five bits, the lowest first, in bytes from 48 on; bit 5 is set where another
    /// group follows, bit 4 of the last one is the sign. From the fourth number on, it is the difference to the one two
    /// before.
    /// Source: cocoapi, `maskApi.h`, "rleToString".
    private static func decode(_ bytes: [UInt8], _ cursor: JSONCursor) throws(DatasetError) -> [Int] {
      var runs: [Int] = []
      var at = 0
      while at < bytes.count {
        try cursor.check(.points, runs.count + 1)
        var value = 0
        var shift = 0
        while true {
          guard at < bytes.count, (48..<112).contains(bytes[at]), shift <= 35 else {
            throw cursor.wrong("a string of counts that ends or goes wrong", expected: "packed counts")
          }
          let group = Int(bytes[at]) - 48
          at += 1
          value |= (group & 0x1F) << shift
          shift += 5
          if group & 0x20 == 0 {
            if group & 0x10 != 0 { value |= -1 << shift }
            break
          }
        }
        let (run, overflow) = value.addingReportingOverflow(runs.count > 2 ? runs[runs.count - 2] : 0)
        guard !overflow else { throw cursor.wrong("a run that cannot be counted", expected: "packed counts") }
        runs.append(run)
      }
      return runs
    }
  }
}

extension MaskCanvas {
  /// Sets the pixels of a region to an id.
  mutating func paint(_ region: COCOOutlines.Region, _ id: UInt8, at position: Int) throws(DatasetError) {
    switch region {
    case .polygons(let polygons): try fill(polygons, id, at: .byte(position))
    case .runs(let runs, let w, let h):
      guard (w, h) == (width, height) else {
        throw .size(file: path, expected: "\(width)x\(height) as its picture", found: "an outline on \(w)x\(h)")
      }
      var index = 0
      for (number, run) in runs.enumerated() {
        if number % 2 == 1 {
          for i in index..<index + run { ids[i % height * width + i / height] = id }
        }
        index += run
      }
    }
  }
}

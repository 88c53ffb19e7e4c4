import CKernels
import ImageTypes
import Tensors

/// Resizing and normalisation of pictures in one pass on the SIMD kernels.
///
/// The threads share the rows.
///
/// The results equal those of the plain Swift form to the last bit, on every instruction set and any number of threads.
@safe package struct PixelResizer: @unchecked Sendable {
  /// The written part of the network's input, and its normalisation: `value * scale - shift`.
  package struct Target {
    /// Pixels of the input along a row.
    let inputWidth: Int
    let rows, columns: Range<Int>
    /// One number for each float of a row, so that a kernel need not count channels.
    let scale, shift: [Float]

    /// - Parameters:
    ///   - scale: of R, G and B.
    ///   - shift: of R, G and B.
    package init(inputWidth: Int, rows: Range<Int>, columns: Range<Int>, scale: [Float], shift: [Float]) {
      precondition(rows.lowerBound >= 0 && columns.lowerBound >= 0 && columns.upperBound <= inputWidth)
      self.inputWidth = inputWidth
      self.rows = rows
      self.columns = columns
      self.scale = (0..<columns.count * 3).map { scale[$0 % 3] }
      self.shift = (0..<columns.count * 3).map { shift[$0 % 3] }
    }

    /// Floats of a written row.
    var count: Int { columns.count * 3 }

    /// Numbers given for R, G and B, in the order of the picture's colours.
    fileprivate func ordered(_ numbers: [Float], blueFirst: Bool) -> [Float] {
      blueFirst ? numbers.indices.map { numbers[$0 / 3 * 3 + 2 - $0 % 3] } : numbers
    }

    /// The offset of a written row.
    func start(_ row: Int) -> Int { ((rows.lowerBound + row) * inputWidth + columns.lowerBound) * 3 }
  }

  private let kernels: UnsafePointer<ck_kernels>
  private let pool: WorkerPool?
  private let target: Target

  /// - Parameter pool: threads that share the rows, or `nil` for the caller alone.
  package init(_ kernels: KernelSet, on pool: WorkerPool?, _ target: Target) {
    unsafe self.kernels = kernels.table
    self.pool = pool
    self.target = target
  }

  /// Bilinear resizing: along the row first, then between two rows.
  ///
  /// - Parameters:
  ///   - region: the part of the picture to resize, read in place; `nil` for the whole picture.
  ///   - rows: the interpolation of each target row, in the region.
  ///   - columns: the interpolation of each target column, in the region.
  ///   - output: the input `[1, height, inputWidth, 3]`.
  package func linear(
    _ view: borrowing PixelView, _ region: ImageRegion? = nil, rows: LinearTaps, columns: LinearTaps,
    into output: borrowing Tensor
  ) {
    let region = region ?? view.bounds
    check(view, region, output, rows: (rows.count, rows.extent), columns: (columns.count, columns.extent))
    guard let first = columns.lower.min(), let last = columns.upper.max() else { return }
    let source = unsafe PixelRows(view, region, columns: first..<last + 1, kernels)
    let (left, right) = (columns.lower.map(source.place), columns.upper.map(source.place))
    let (scale, shift) = order(source)
    unsafe output.withUnsafeElements { output in
      let output = output.baseAddress!
      share { range in
        let scratch = unsafe source.makeScratch()
        defer { unsafe scratch?.deallocate() }
        // An output row lies between two neighbouring rows of the picture, so one of the two places holds odd rows.
        let size = target.count + 1
        let buffer = AlignedMemory(floats: 2 * size, filled: false)
        var held = (even: -1, odd: -1)
        func resized(_ row: Int) -> UnsafeMutablePointer<Float> {
          let isOdd = row % 2 == 1
          let place = unsafe buffer.base + (isOdd ? size : 0)
          if (isOdd ? held.odd : held.even) == row { return unsafe place }
          if isOdd { held.odd = row } else { held.even = row }
          let pixels = unsafe source.row(row, scratch)
          unsafe kernels.pointee.u8_lerp_columns(
            pixels.baseAddress!, pixels.count, left, right, columns.fraction, target.columns.count, place)
          return unsafe place
        }
        for y in range {
          let out = unsafe output + target.start(y)
          unsafe kernels.pointee.f32_lerp_normalise(
            resized(rows.lower[y]), resized(rows.upper[y]), rows.fraction[y], scale, shift, target.count, out)
          if source.isBlueFirst { unsafe exchange(out) }
        }
      }
    }
  }

  /// Area resizing: the mean over the pixels that a target pixel covers, along the row first; parameters as for
  /// `linear`.
  package func area(
    _ view: borrowing PixelView, _ region: ImageRegion? = nil, rows: TriangleTaps, columns: TriangleTaps,
    into output: borrowing Tensor
  ) {
    let region = region ?? view.bounds
    check(view, region, output, rows: (rows.count, rows.extent), columns: (columns.count, columns.extent))
    let runs = (0..<columns.count).map(columns.run)
    guard let first = runs.map(\.lowerBound).min(), let last = runs.map(\.upperBound).max() else { return }
    let source = unsafe PixelRows(view, region, columns: first..<last, kernels)
    let (start, offset) = (columns.start.map(source.place), columns.offset.map { UInt32($0) })
    let (scale, shift) = order(source)
    unsafe output.withUnsafeElements { output in
      let output = output.baseAddress!
      share { range in
        let scratch = unsafe source.makeScratch()
        defer { unsafe scratch?.deallocate() }
        let row = AlignedMemory(floats: target.count + 1, filled: false)
        var firstOpen = range.lowerBound
        for place in rows.run(range.lowerBound).lowerBound..<rows.run(range.upperBound - 1).upperBound {
          // The runs begin and end in ascending order, so the runs over this row are neighbours.
          while rows.run(firstOpen).upperBound <= place { firstOpen += 1 }
          let pixels = unsafe source.row(place, scratch)
          unsafe kernels.pointee.u8_average_columns(
            pixels.baseAddress!, pixels.count, source.step, start, offset, columns.weights, target.columns.count,
            row.base)
          for y in firstOpen..<range.upperBound {
            let run = rows.run(y)
            guard run.contains(place) else { break }
            let sum = unsafe output + target.start(y)
            if place == run.lowerBound { unsafe sum.update(repeating: 0, count: target.count) }
            let weight = rows.weights[rows.offset[y] + place - run.lowerBound]
            unsafe kernels.pointee.f32_add_scaled(row.base, weight, target.count, sum)
            if place == run.upperBound - 1 {
              unsafe kernels.pointee.f32_normalise(sum, scale, shift, target.count)
              if source.isBlueFirst { unsafe exchange(sum) }
            }
          }
        }
      }
    }
  }

  /// Area resizing of a whole picture.
  package func area(_ image: Image, rows: TriangleTaps, columns: TriangleTaps, into output: borrowing Tensor) {
    image.withPixelView { area($0, rows: rows, columns: columns, into: output) }
  }

  /// The target's scale and shift in the order of the picture's colours.
  private func order(_ source: PixelRows) -> (scale: [Float], shift: [Float]) {
    (
      target.ordered(target.scale, blueFirst: source.isBlueFirst),
      target.ordered(target.shift, blueFirst: source.isBlueFirst)
    )
  }

  /// Swaps red and blue in a written row.
  ///
  /// Written rows are fewer and shorter than the picture's.
  @unsafe private func exchange(_ row: UnsafeMutablePointer<Float>) {
    for i in stride(from: 0, to: target.count, by: 3) {
      let blue = unsafe row[i]
      unsafe row[i] = unsafe row[i + 2]
      unsafe row[i + 2] = blue
    }
  }

  private func check(
    _ view: borrowing PixelView, _ region: ImageRegion, _ output: borrowing Tensor, rows: (count: Int, extent: Int),
    columns: (count: Int, extent: Int)
  ) {
    let (width, height) = (view.width, view.height)
    precondition(
      region.columns.upperBound <= width && region.rows.upperBound <= height,
      "a region \(region) beside a picture of \(width)x\(height)")
    precondition((rows.extent, columns.extent) == (region.height, region.width), "taps of another picture")
    precondition((rows.count, columns.count) == (target.rows.count, target.columns.count), "taps of another target")
    let shape = output.shape
    precondition(
      shape.channels == 3 && shape.width == target.inputWidth && target.rows.upperBound <= shape.height,
      "the target lies outside \(shape)")
  }

  /// Divides the target's rows into one part for each thread, where there are enough of them.
  private func share(_ body: (Range<Int>) -> Void) {
    let rows = target.rows.count
    guard rows > 0, target.count > 0 else { return }
    let tasks = min(pool?.threads ?? 1, (rows + 15) / 16)
    guard let pool, tasks > 1 else { return body(0..<rows) }
    pool.run(tasks) { task, _ in body(rows * task / tasks..<rows * (task + 1) / tasks) }
  }
}

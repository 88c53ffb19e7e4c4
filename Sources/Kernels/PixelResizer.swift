import CKernels
import Tensors

/// Resizes and normalises RGB pictures in one pass on the fast kernels, rows shared among the threads.
///
/// The results are those of the plain form to the last bit, on every instruction set and any number of threads.
@safe package struct PixelResizer: @unchecked Sendable {
  /// The part of the network's input that is written, and what each value is multiplied by and lessened by then.
  package struct Target {
    /// Pixels of the input along a row.
    let inputWidth: Int
    let rows, columns: Range<Int>
    /// For each float of a row, so that a kernel need not count channels.
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

    /// Where a written row begins.
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

  /// Interpolates between two pixels along the row, then between two rows.
  ///
  /// - Parameters:
  ///   - region: the part of the picture that is resized, read in place; `nil` for all of it.
  ///   - rows: for each row of the target, in the region.
  ///   - columns: for each column of the target, in the region.
  ///   - output: the input `[1, height, inputWidth, 3]`.
  package func linear(
    _ image: Image, _ region: ImageRegion? = nil, rows: LinearTaps, columns: LinearTaps, into output: borrowing Tensor
  ) {
    let region = region ?? image.bounds
    check(image, region, output, rows: (rows.count, rows.extent), columns: (columns.count, columns.extent))
    let (left, right) = (columns.lower.map { UInt32($0 * 3) }, columns.upper.map { UInt32($0 * 3) })
    unsafe withMemory(image, output) { pixels, output in
      share { range in
        // The two rows of the picture that an output row lies between are neighbours, so one has a place for odd rows.
        let size = target.count + 1
        let buffer = AlignedFloats(count: 2 * size, filled: false)
        var held = (even: -1, odd: -1)
        func resized(_ row: Int) -> UnsafeMutablePointer<Float> {
          let isOdd = row % 2 == 1
          let place = unsafe buffer.base + (isOdd ? size : 0)
          if (isOdd ? held.odd : held.even) == row { return unsafe place }
          if isOdd { held.odd = row } else { held.even = row }
          let at = beginning(row, region, image)
          unsafe kernels.pointee.u8_lerp_columns(
            pixels.baseAddress! + at, pixels.count - at, left, right, columns.fraction, target.columns.count, place)
          return unsafe place
        }
        for y in range {
          unsafe kernels.pointee.f32_lerp_normalise(
            resized(rows.lower[y]), resized(rows.upper[y]), rows.fraction[y], target.scale, target.shift, target.count,
            output + target.start(y))
        }
      }
    }
  }

  /// Averages over the pixels that each pixel of the target covers, along the row first; parameters as of `linear`.
  package func area(
    _ image: Image, _ region: ImageRegion? = nil, rows: TriangleTaps, columns: TriangleTaps,
    into output: borrowing Tensor
  ) {
    let region = region ?? image.bounds
    check(image, region, output, rows: (rows.count, rows.extent), columns: (columns.count, columns.extent))
    let (start, offset) = (columns.start.map { UInt32($0 * 3) }, columns.offset.map { UInt32($0) })
    unsafe withMemory(image, output) { pixels, output in
      share { range in
        let row = AlignedFloats(count: target.count + 1, filled: false)
        var firstOpen = range.lowerBound
        for source in rows.run(range.lowerBound).lowerBound..<rows.run(range.upperBound - 1).upperBound {
          // The runs begin and end in ascending order, so those that cover this row are neighbours.
          while rows.run(firstOpen).upperBound <= source { firstOpen += 1 }
          let at = beginning(source, region, image)
          unsafe kernels.pointee.u8_average_columns(
            pixels.baseAddress! + at, pixels.count - at, start, offset, columns.weights, target.columns.count, row.base)
          for y in firstOpen..<range.upperBound {
            let run = rows.run(y)
            guard run.contains(source) else { break }
            let sum = unsafe output + target.start(y)
            if source == run.lowerBound { unsafe sum.update(repeating: 0, count: target.count) }
            let weight = rows.weights[rows.offset[y] + source - run.lowerBound]
            unsafe kernels.pointee.f32_add_scaled(row.base, weight, target.count, sum)
            if source == run.upperBound - 1 {
              unsafe kernels.pointee.f32_normalise(sum, target.scale, target.shift, target.count)
            }
          }
        }
      }
    }
  }

  /// The byte of the picture where a region's row begins.
  private func beginning(_ row: Int, _ region: ImageRegion, _ image: Image) -> Int {
    ((region.y + row) * image.width + region.x) * 3
  }

  private func check(
    _ image: Image, _ region: ImageRegion, _ output: borrowing Tensor, rows: (count: Int, extent: Int),
    columns: (count: Int, extent: Int)
  ) {
    precondition(
      region.columns.upperBound <= image.width && region.rows.upperBound <= image.height,
      "a region \(region) beside a picture of \(image.width)x\(image.height)")
    precondition((rows.extent, columns.extent) == (region.height, region.width), "taps of another picture")
    precondition((rows.count, columns.count) == (target.rows.count, target.columns.count), "taps of another target")
    let shape = output.shape
    precondition(
      shape.channels == 3 && shape.width == target.inputWidth && target.rows.upperBound <= shape.height,
      "the target lies outside \(shape)")
  }

  @unsafe private func withMemory(
    _ image: Image, _ output: borrowing Tensor,
    _ body: (UnsafeBufferPointer<UInt8>, UnsafeMutablePointer<Float>) -> Void
  ) {
    unsafe image.pixels.withUnsafeBufferPointer { pixels in
      unsafe output.withUnsafeElements { output in unsafe body(pixels, output.baseAddress!) }
    }
  }

  /// Does the target's rows in parts, one for each thread where there are enough of them.
  private func share(_ body: (Range<Int>) -> Void) {
    let rows = target.rows.count
    guard rows > 0, target.count > 0 else { return }
    let tasks = min(pool?.threads ?? 1, (rows + 15) / 16)
    guard let pool, tasks > 1 else { return body(0..<rows) }
    pool.run(tasks) { task, _ in body(rows * task / tasks..<rows * (task + 1) / tasks) }
  }
}

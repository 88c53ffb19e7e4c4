import CKernels
import Tensors

/// Bilinear upsampling of class logits with argmax, on the SIMD kernels.
///
/// The threads share the rows.
///
/// The class ids equal those of the reference, `ArgmaxUpsampler`, on every instruction set and any number of threads.
@safe package struct MaskRows: @unchecked Sendable {
  /// A whole number of any instruction set's vectors.
  private static let block = 16

  private let kernels: UnsafePointer<ck_kernels>
  private let pool: WorkerPool?
  private let rows, columns: LinearTaps
  private let classes: Int
  /// Columns of the logits, padded to whole blocks.
  private let width: Int
  private let cells: [ck_argmax_cell]
  private let fractions: [Float]

  /// Prepares for masks of `columns.count` by `rows.count` from logits `[rows.extent, columns.extent, classes]`.
  ///
  /// - Parameters:
  ///   - pool: threads that share the rows, or `nil` for the caller alone.
  ///   - classes: 1 to 256.
  package init(_ kernels: KernelSet, on pool: WorkerPool?, rows: LinearTaps, columns: LinearTaps, classes: Int) {
    precondition(1...256 ~= classes, "\(classes) classes do not fit in a byte")
    unsafe self.kernels = kernels.table
    self.pool = pool
    self.rows = rows
    self.columns = columns
    self.classes = classes
    width = MaskRows.filledUp(columns.extent)
    var cells: [ck_argmax_cell] = []
    for x in 0..<columns.count {
      let (left, right) = (UInt32(columns.lower[x]), UInt32(columns.upper[x]))
      if let last = cells.last, last.left == left, last.right == right {
        cells[cells.count - 1].end += 1
      } else {
        cells.append(ck_argmax_cell(begin: UInt32(x), end: UInt32(x + 1), left: left, right: right))
      }
    }
    self.cells = cells
    fractions = columns.fraction + [Float](repeating: 0, count: MaskRows.block)
  }

  private static func filledUp(_ count: Int) -> Int { (count + block - 1) / block * block }

  /// The class ids, row by row; equal logits go to the lowest class, and a logit that is not a number never wins.
  ///
  /// - Complexity: O(logits + pixels), times the number of classes at the borders between classes.
  package func labels(_ logits: Span<Float>) -> [UInt8] {
    precondition(logits.count == rows.extent * columns.extent * classes, "\(logits.count) logits")
    let planes = AlignedMemory(floats: rows.extent * classes * width)
    return unsafe [UInt8](unsafeUninitializedCapacity: rows.count * columns.count) { ids, count in
      count = rows.count * columns.count
      let ids = ids.baseAddress!
      unsafe logits.withUnsafeBufferPointer { logits in
        share(rows.extent) { range in unsafe transpose(range, logits.baseAddress!, planes.base) }
      }
      share(rows.count) { range in unsafe label(range, planes.base, ids) }
    }
  }

  /// Transposes `[row][column][class]` to `[row][class][column]`, padded with zeros.
  @unsafe private func transpose(
    _ range: Range<Int>, _ logits: UnsafePointer<Float>, _ planes: UnsafeMutablePointer<Float>
  ) {
    for y in range {
      let from = unsafe logits + y * columns.extent * classes
      let to = unsafe planes + y * classes * width
      for k in 0..<classes {
        for x in 0..<columns.extent { unsafe to[k * width + x] = from[x * classes + k] }
        for x in columns.extent..<width { unsafe to[k * width + x] = 0 }
      }
    }
  }

  @unsafe private func label(
    _ range: Range<Int>, _ planes: UnsafePointer<Float>, _ ids: UnsafeMutablePointer<UInt8>
  ) {
    let size = classes * width
    let row = AlignedMemory(floats: size, filled: false)
    let line = MaskRows.filledUp(columns.count) + MaskRows.block
    unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: width + line) { bytes in
      let best = bytes.baseAddress!
      let out = unsafe best + width
      for y in range {
        unsafe cells.withUnsafeBufferPointer { cells in
          unsafe fractions.withUnsafeBufferPointer { fractions in
            var row = unsafe ck_argmax(
              top: planes + rows.lower[y] * size, bottom: planes + rows.upper[y] * size, t: rows.fraction[y],
              classes: classes, width: width, row: row.base, best: best, cell: cells.baseAddress!, cells: cells.count,
              share: fractions.baseAddress!, out: out)
            unsafe kernels.pointee.u8_argmax_row(&row)
          }
        }
        unsafe (ids + y * columns.count).update(from: out, count: columns.count)
      }
    }
  }

  /// Divides the rows into one part for each thread, where there are enough of them.
  private func share(_ rows: Int, _ body: (Range<Int>) -> Void) {
    let tasks = min(pool?.threads ?? 1, (rows + 15) / 16)
    guard let pool, tasks > 1 else { return body(0..<rows) }
    pool.run(tasks) { task, _ in body(rows * task / tasks..<rows * (task + 1) / tasks) }
  }
}

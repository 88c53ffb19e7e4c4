import CKernels
import Tensors

/// A grouped convolution over a batch with a window of any size, and its gradients, by im2col and GEMM.
///
/// A patch is the window's content in a group's channels: one matrix row for each output pixel.
///
/// Only the patches of a few whole output rows exist at a time, so their memory is bounded. For a 1x1 window of stride
/// 1 the map itself is the matrix of patches.
@safe package struct PatchConvolution: Sendable {
  private let training: TrainingKernels
  private let g: Geometry
  private let pictures, inputs, outputs, groups: Int
  /// Input and output channels of a group.
  private let groupInputs, groupOutputs: Int
  private let room: Int

  /// - Parameters:
  ///   - g: the geometry of one picture.
  ///   - inputs: channels of all groups.
  ///   - outputs: channels of all groups.
  ///   - room: the limit for patches in floats, exceeded only where one output row needs more; 4 MB by default.
  package init(
    _ training: TrainingKernels, _ g: Geometry, pictures: Int, inputs: Int, outputs: Int, groups: Int,
    room: Int = 1 << 20
  ) {
    precondition(inputs % groups == 0 && outputs % groups == 0, "\(inputs) and \(outputs) channels in \(groups) groups")
    self.training = training
    self.g = g
    self.pictures = pictures
    self.inputs = inputs
    self.outputs = outputs
    self.groups = groups
    groupInputs = inputs / groups
    groupOutputs = outputs / groups
    self.room = room
  }

  private var isDirect: Bool { g.kernelHeight * g.kernelWidth == 1 && g.stride == 1 }
  /// Floats of a patch.
  private var patch: Int { g.kernelHeight * g.kernelWidth * groupInputs }
  private var inCount: Int { pictures * g.height * g.width * inputs }
  private var outRows: Int { pictures * g.outHeight }
  private var outCount: Int { outRows * g.outWidth * outputs }

  /// `y = clamp(x * w + bias)`.
  ///
  /// - Parameters:
  ///   - x: `[pictures, g.height, g.width, inputs]`.
  ///   - weights: `[g.kernelHeight, g.kernelWidth, inputs / groups, outputs]`.
  ///   - y: `[pictures, g.outHeight, g.outWidth, outputs]`.
  /// - Complexity: O(pixels · window · inputs · outputs / groups).
  package func run(
    _ x: FloatSlice, weights: FloatSlice, bias: FloatSlice?, activation: Activation, to y: FloatSlice
  ) {
    precondition(x.count == inCount && y.count == outCount, "maps of other sizes")
    let packed = (0..<groups).map { group in
      training.pack(
        part(weights, group), inputs: patch, outputs: groupOutputs,
        bias: bias?.part(group * groupOutputs, groupOutputs), activation: activation)
    }
    unsafe eachPart { rows, patches in
      for group in 0..<groups {
        let (from, stride) = unsafe matrix(x, group, rows, patches)
        unsafe packed[group].runAll(
          on: training.pool, rows: rows.count * g.outWidth, from: from, stride: stride,
          to: y.base + rows.lowerBound * g.outWidth * outputs + group * groupOutputs, toStride: outputs)
      }
    }
  }

  /// The gradient with respect to the weights, written over `dw`.
  package func weightGradient(_ x: FloatSlice, _ dy: FloatSlice, to dw: FloatSlice) {
    precondition(x.count == inCount && dy.count == outCount && dw.count == patch * outputs, "maps of other sizes")
    unsafe eachPart { rows, patches in
      let isFirst = rows.lowerBound == 0
      let from = unsafe dy.base + rows.lowerBound * g.outWidth * outputs
      guard !isDirect else {
        return unsafe training.outer(
          x.base, stride: inputs, from, stride: outputs, rows: rows.count * g.outWidth, groups: groups,
          inputs: groupInputs, outputs: groupOutputs, to: dw.base, stride: outputs, adding: false)
      }
      for group in 0..<groups {
        let (seen, stride) = unsafe matrix(x, group, rows, patches)
        unsafe training.outer(
          seen, stride: stride, from + group * groupOutputs, stride: outputs, rows: rows.count * g.outWidth,
          inputs: patch, outputs: groupOutputs, to: dw.base + group * groupOutputs, stride: outputs, adding: !isFirst)
      }
    }
  }

  /// The gradient with respect to the input: `dx (+)= dy * wᵀ`.
  package func inputGradient(_ dy: FloatSlice, weights: FloatSlice, to dx: FloatSlice, adding: Bool) {
    precondition(dx.count == inCount && dy.count == outCount, "maps of other sizes")
    let packed = (0..<groups).map { group in
      training.packTransposed(part(weights, group), inputs: patch, outputs: groupOutputs)
    }
    if !isDirect && !adding { dx.clear() }
    unsafe eachPart { rows, patches in
      for group in 0..<groups {
        let from = unsafe dy.base + rows.lowerBound * g.outWidth * outputs + group * groupOutputs
        let count = rows.count * g.outWidth
        guard isDirect else {
          unsafe packed[group].runAll(
            on: training.pool, rows: count, from: from, stride: outputs, to: patches, toStride: patch)
          unsafe scatter(patches, group, rows, to: dx.base)
          continue
        }
        let to = unsafe dx.base + group * groupInputs
        unsafe packed[group].runAll(
          on: training.pool, rows: count, from: from, stride: outputs, to: to, toStride: inputs,
          epilogue: packed[group].epilogue.adding(adding ? to : nil, stride: inputs))
      }
    }
  }

  /// A group's weights, `[patch, groupOutputs]`.
  private func part(_ weights: FloatSlice, _ group: Int) -> FloatSlice {
    precondition(weights.count == patch * outputs, "weights of another shape")
    guard groups > 1 else { return weights }
    let part = FloatSlice(AlignedMemory(floats: patch * groupOutputs), count: patch * groupOutputs)
    for row in 0..<patch {
      part.part(row * groupOutputs, groupOutputs).copy(
        from: weights.part(row * outputs + group * groupOutputs, groupOutputs))
    }
    return part
  }

  /// Calls `body` for ranges of the batch's output rows, in order, with a buffer for one group's patches of the range.
  @unsafe private func eachPart(_ body: (_ rows: Range<Int>, _ patches: UnsafeMutablePointer<Float>) -> Void) {
    // The grouping of sums must not depend on the threads.
    let row = g.outWidth * patch
    let count = isDirect ? outRows : max(min(room / row, outRows), 1)
    let scratch = training.session.workspaces.take(isDirect ? 1 : count * row)
    for begin in stride(from: 0, to: outRows, by: count) {
      unsafe body(begin..<min(begin + count, outRows), scratch.base)
    }
    training.session.workspaces.give(scratch)
  }

  /// Divides `0 ..< count` among the threads.
  ///
  /// The result does not depend on the division.
  private func share(_ count: Int, _ body: (Range<Int>) -> Void) {
    training.ranges(count, grain: (count + 1023) / 1024) { _, range in body(range) }
  }

  /// The left matrix of a group's GEMM for some output rows: the map itself, or its patches.
  @unsafe private func matrix(
    _ x: FloatSlice, _ group: Int, _ rows: Range<Int>, _ patches: UnsafeMutablePointer<Float>
  ) -> (from: UnsafePointer<Float>, stride: Int) {
    let from = unsafe UnsafePointer(x.base + group * groupInputs)
    guard !isDirect else { return unsafe (from, inputs) }
    // The taps of a row are contiguous, so that they are copied together.
    let isDense = g.dilation == 1 && groups == 1
    let tapRow = g.kernelWidth * groupInputs
    share(rows.count) { range in
      for index in range {
        let (picture, y) = (rows.lowerBound + index).quotientAndRemainder(dividingBy: g.outHeight)
        for x in 0..<g.outWidth {
          let first = x * g.stride - g.padLeft
          for ky in 0..<g.kernelHeight {
            let row = y * g.stride - g.padTop + ky * g.dilation
            let to = unsafe patches + (index * g.outWidth + x) * patch + ky * tapRow
            guard row >= 0, row < g.height else {
              unsafe to.update(repeating: 0, count: tapRow)
              continue
            }
            let line = unsafe from + (picture * g.height + row) * g.width * inputs
            if isDense, first >= 0, first + g.kernelWidth <= g.width {
              // A loop: the stem's nine floats are too few for a call.
              for i in 0..<tapRow { unsafe to[i] = line[first * inputs + i] }
              continue
            }
            for kx in 0..<g.kernelWidth {
              let column = first + kx * g.dilation
              let tap = unsafe to + kx * groupInputs
              if column >= 0, column < g.width {
                unsafe tap.update(from: line + column * inputs, count: groupInputs)
              } else {
                unsafe tap.update(repeating: 0, count: groupInputs)
              }
            }
          }
        }
      }
    }
    return unsafe (UnsafePointer(patches), patch)
  }

  /// Adds the gradients of some output rows' patches to the pixels of the patches (col2im).
  @unsafe private func scatter(
    _ patches: UnsafePointer<Float>, _ group: Int, _ rows: Range<Int>, to dx: UnsafeMutablePointer<Float>
  ) {
    let first = rows.lowerBound / g.outHeight
    let shown = (rows.upperBound - 1) / g.outHeight + 1 - first
    let addScaled = unsafe training.kernels.table.pointee.f32_add_scaled
    // One task owns a range of input rows, and adds to each from the output rows in their order.
    share(shown * g.height) { range in
      for index in range {
        let (picture, y) = (first + index / g.height, index % g.height)
        let line = unsafe dx + (picture * g.height + y) * g.width * inputs + group * groupInputs
        for ky in (0..<g.kernelHeight).reversed() {
          let reach = y + g.padTop - ky * g.dilation
          guard reach >= 0, reach % g.stride == 0, reach / g.stride < g.outHeight else { continue }
          let row = picture * g.outHeight + reach / g.stride
          guard rows.contains(row) else { continue }
          for x in 0..<g.outWidth {
            let pixel = ((row - rows.lowerBound) * g.outWidth + x) * patch
            let from = unsafe patches + pixel + ky * g.kernelWidth * groupInputs
            for kx in 0..<g.kernelWidth {
              let column = x * g.stride - g.padLeft + kx * g.dilation
              guard column >= 0, column < g.width else { continue }
              unsafe addScaled(from + kx * groupInputs, 1, groupInputs, line + column * inputs)
            }
          }
        }
      }
    }
  }
}

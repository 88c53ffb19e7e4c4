import CKernels
import Tensors

/// The forward and backward passes of a block of 1x1 expansion, 3x3 depthwise convolution and 1x1 projection over a
/// batch, without the expanded maps.
///
/// The forward pass is that of inference. The backward pass computes a few rows of the expanded maps again, and their
/// gradients while they are in the cache. So the expanded maps, the largest of MobileNetV2, and their gradients never
/// exist whole, and what would be ten passes over them in memory is arithmetic in the cache.
///
/// One task is a few pictures, whose gradients of the weights are summed by themselves and then added in the tasks'
/// order: the same bits for any number of threads.
/// Source of the block: "MobileNetV2: Inverted Residuals and Linear Bottlenecks", section 3.3.
@safe package struct BlockGradients: Sendable {
  /// A layer's weights and bias, or their gradients.
  package struct Layer: Sendable {
    package let weight, bias: FloatSlice

    package init(weight: FloatSlice, bias: FloatSlice) {
      self.weight = weight
      self.bias = bias
    }
  }

  /// The block's layers; without an expansion the depthwise convolution reads the block's input.
  package struct Layers: Sendable {
    package let expand: Layer?
    package let depthwise, project: Layer

    package init(expand: Layer?, depthwise: Layer, project: Layer) {
      self.expand = expand
      self.depthwise = depthwise
      self.project = project
    }
  }

  private let training: TrainingKernels
  let g: Geometry
  private let pictures: Int
  let inputs, expanded, outputs: Int
  private let hasExpansion: Bool
  private let expandActivation, depthwiseActivation: Activation

  /// - Parameters:
  ///   - g: the depthwise convolution's geometry for one picture; `isSupported`.
  ///   - expanded: channels of the depthwise convolution.
  ///   - activations: bounds behind the expansion and behind the depthwise convolution.
  package init(
    _ training: TrainingKernels, _ g: Geometry, pictures: Int, inputs: Int, expanded: Int, outputs: Int,
    hasExpansion: Bool, activations: (expand: Activation, depthwise: Activation)
  ) {
    precondition(BlockGradients.isSupported(g) && (hasExpansion || inputs == expanded), "a block of another kind")
    self.training = training
    self.g = g
    self.pictures = pictures
    self.inputs = inputs
    self.expanded = expanded
    self.outputs = outputs
    self.hasExpansion = hasExpansion
    (expandActivation, depthwiseActivation) = (hasExpansion ? activations.expand : .linear, activations.depthwise)
  }

  /// Whether a depthwise convolution's geometry is one that a block may have: 3x3, and every input row under some
  /// window.
  package static func isSupported(_ g: Geometry) -> Bool {
    g.kernelHeight == 3 && g.kernelWidth == 3 && (g.stride == 1 || g.stride == 2 && g.dilation == 1)
      && (g.outHeight - 1) * g.stride - g.padTop + g.reachDown + 1 >= g.height
  }

  private var kernels: KernelSet { training.kernels }
  private var inCount: Int { g.height * g.width * inputs }
  private var outCount: Int { g.outHeight * g.outWidth * outputs }

  // MARK: Forward

  /// `y` of a batch.
  ///
  /// - Parameters:
  ///   - x: `[pictures, g.height, g.width, inputs]`.
  ///   - y: `[pictures, g.outHeight, g.outWidth, outputs]`.
  package func run(_ x: FloatSlice, _ layers: Layers, to y: FloatSlice) {
    precondition(x.count == pictures * inCount && y.count == pictures * outCount, "maps of other sizes")
    let (depthwise, project) = (layers.depthwise, layers.project)
    let source: FusedBlock.Source
    if let expand = layers.expand {
      source = .pointwise(
        training.pack(
          expand.weight, inputs: inputs, outputs: expanded, bias: expand.bias, activation: expandActivation,
          wholeVectors: true))
    } else {
      source = .map(channels: expanded)
    }
    let packed = unsafe PackedDepthwise(
      kernels, channels: expanded,
      weights: UnsafeBufferPointer(start: depthwise.weight.base, count: depthwise.weight.count).span,
      bias: UnsafeBufferPointer(start: depthwise.bias.base, count: expanded).span, activation: depthwiseActivation)
    let projection = training.pack(
      project.weight, inputs: expanded, outputs: outputs, bias: project.bias, activation: .linear)
    let block = FusedBlock(
      kernels, source: source, branches: [FusedBlock.Branch(depthwise: packed, project: projection)])
    let plan = FusedPlan(block, g, height: g.height, width: g.width, threads: 1)
    let scratch = training.session.workspaces.take(bytes: plan.scratch * training.pool.threads)
    training.pool.run(pictures) { picture, worker in
      unsafe block.run(
        plan, on: training.pool, from: x.base + picture * inCount,
        to: FusedBlock.Outputs(first: y.base + picture * outCount), scratch: scratch.raw + worker * plan.scratch)
    }
    training.session.workspaces.give(scratch)
  }

  // MARK: Backward

  /// The weights in the forms that the backward pass needs.
  private struct Packed {
    let expand, expandTransposed: PackedPointwise?
    let projectTransposed: PackedPointwise
    /// The depthwise weights and bias, `[10][channels]` with whole vectors of channels.
    let taps: FloatSlice
  }

  /// Pictures of a task: several where the maps are small, since each task sums all weights' gradients.
  private var share: Int { max(1, min(512 / (g.outHeight * g.outWidth), pictures / 8)) }

  /// The gradients of a batch with respect to the weights, written over `gradients`, and to the input.
  ///
  /// - Parameters:
  ///   - dy: the gradient with respect to the output.
  ///   - dx: written, or added to; `nil` where it is not needed.
  package func gradients(
    _ x: FloatSlice, _ dy: FloatSlice, _ layers: Layers, to gradients: Layers, dx: FloatSlice?, adding: Bool
  ) {
    precondition(x.count == pictures * inCount && dy.count == pictures * outCount, "maps of other sizes")
    let packed = pack(layers)
    let buffers = BlockBuffers(self)
    let memory = training.session.workspaces.take(buffers.count * training.pool.threads)
    let share = share
    let tasks = (pictures + share - 1) / share
    let sums = training.session.workspaces.take(buffers.sums.count * tasks)
    training.pool.run(tasks) { task, worker in
      let (memory, sums) = unsafe (memory.base + worker * buffers.count, sums.base + task * buffers.sums.count)
      unsafe buffers.clear(memory)
      unsafe sums.update(repeating: 0, count: buffers.sums.count)
      for picture in task * share..<min((task + 1) * share, pictures) {
        unsafe one(
          x.base + picture * inCount, dy.base + picture * outCount, packed, buffers, memory: memory, sums: sums,
          dx: dx.map { unsafe $0.base + picture * inCount }, adding: adding)
      }
    }
    unsafe add(sums.base, tasks, buffers.sums, to: gradients)
    training.session.workspaces.give(sums)
    training.session.workspaces.give(memory)
  }

  private func pack(_ layers: Layers) -> Packed {
    let channels = BlockBuffers.wholeVectors(expanded)
    let taps = FloatSlice(zeros: 10 * channels)
    for tap in 0..<9 {
      taps.part(tap * channels, expanded).copy(from: layers.depthwise.weight.part(tap * expanded, expanded))
    }
    taps.part(9 * channels, expanded).copy(from: layers.depthwise.bias)
    return Packed(
      expand: layers.expand.map {
        training.pack($0.weight, inputs: inputs, outputs: expanded, bias: $0.bias, activation: expandActivation)
      },
      expandTransposed: layers.expand.map { training.packTransposed($0.weight, inputs: inputs, outputs: expanded) },
      projectTransposed: training.packTransposed(layers.project.weight, inputs: expanded, outputs: outputs),
      taps: taps)
  }

  /// One picture, strip by strip.
  @unsafe private func one(
    _ x: UnsafePointer<Float>, _ dy: UnsafePointer<Float>, _ packed: Packed, _ b: BlockBuffers,
    memory: UnsafeMutablePointer<Float>, sums: UnsafeMutablePointer<Float>, dx: UnsafeMutablePointer<Float>?,
    adding: Bool
  ) {
    let channels = b.channels
    let (expandedMap, depthwiseRows) = unsafe (memory + b.expandedMap, memory + b.depthwiseRows)
    let (dExpandedRows, dDepthwiseRows) = unsafe (memory + b.dExpandedRows, memory + b.dDepthwiseRows)
    /// The expanded rows in the buffer: the first one's number in the map, and how many there are.
    var (first, held) = (-g.padTop, 0)
    /// The expanded rows whose gradient is done.
    var done = 0
    for begin in stride(from: 0, to: g.outHeight, by: b.rows) {
      let rows = begin..<min(begin + b.rows, g.outHeight)
      // The expanded rows under the strip; those of the strip before move to the front.
      let top = rows.lowerBound * g.stride - g.padTop
      let count = (rows.count - 1) * g.stride + g.reachDown + 1
      let kept = first + held - top
      if kept > 0 && held > 0 {
        unsafe expandedMap.update(from: expandedMap + (top - first) * b.expandedRow, count: kept * b.expandedRow)
      }
      let new = held > 0 ? max(kept, 0) : 0
      unsafe expand(top + new..<top + count, x, packed, b, to: expandedMap + new * b.expandedRow, spare: dExpandedRows)
      (first, held) = (top, count)
      // The gradient of the depthwise convolution's output; the last rows of the strip before stay in front.
      let strip = unsafe dDepthwiseRows + b.halo * b.depthwiseRow
      if begin > 0 {
        unsafe dDepthwiseRows.update(from: dDepthwiseRows + b.rows * b.depthwiseRow, count: b.halo * b.depthwiseRow)
      }
      unsafe b.run(
        packed.projectTransposed, from: dy + rows.lowerBound * g.outWidth * outputs, rows: rows.count,
        width: g.outWidth, to: strip + b.depthwiseMargin, row: b.depthwiseRow, spare: depthwiseRows)
      var back = unsafe ck_depthwise_backward(
        x: expandedMap, x_row: b.expandedRow, weights: packed.taps.base, bias: packed.taps.base + 9 * channels,
        y: depthwiseRows,
        dy: strip + b.depthwiseMargin, dy_row: b.depthwiseRow, rows: rows.count, out_width: g.outWidth,
        channels: channels,
        stride: g.stride, dilation: g.dilation, low: depthwiseActivation.bounds.low,
        high: depthwiseActivation.bounds.high, sum: sums + b.sums.depthwise)
      unsafe kernels.table.pointee.f32_depthwise_backward(&back)
      let stripDy = unsafe dy + rows.lowerBound * g.outWidth * outputs
      unsafe training.outerRows(
        depthwiseRows, stride: channels, stripDy, stride: outputs, rows: rows.count * g.outWidth, inputs: 0..<expanded,
        outputs: outputs, to: sums + b.sums.project, stride: outputs, adding: true)
      unsafe kernels.table.pointee.f32_sum_pixels(
        stripDy, rows.count * g.outWidth, outputs, outputs, sums + b.sums.projectBias)
      // The input rows that no later output row reads.
      let end = rows.upperBound == g.outHeight ? g.height : min(rows.upperBound * g.stride - g.padTop, g.height)
      guard end > done, unsafe hasExpansion || dx != nil else { continue }
      let expandedFrom = unsafe expandedMap + (done - top) * b.expandedRow + b.expandedMargin
      var input = unsafe ck_depthwise_input_gradient(
        dy: dDepthwiseRows + b.depthwiseMargin, dy_first: 0, dy_row: b.depthwiseRow, weights: packed.taps.base,
        x: expandedFrom,
        x_row: b.expandedRow, dx: dExpandedRows, first: done, rows: end - done, width: g.width, out_height: g.outHeight,
        channels: channels, stride: g.stride, dilation: g.dilation, pad_top: g.padTop, pad_left: g.padLeft,
        low: expandActivation.bounds.low, high: expandActivation.bounds.high, sum: sums + b.sums.expandBias)
      // Row 0 of the buffer is `halo` rows above the strip; above the map there is none.
      unsafe input.dy = UnsafePointer(dDepthwiseRows + b.depthwiseMargin + max(b.halo - begin, 0) * b.depthwiseRow)
      unsafe input.dy_first = max(begin - b.halo, 0)
      unsafe kernels.table.pointee.f32_depthwise_input_gradient(&input)
      let pixels = (end - done) * g.width
      let offset = done * g.width * inputs
      done = end
      if let transposed = packed.expandTransposed {
        unsafe training.outerRows(
          x + offset, stride: inputs, dExpandedRows, stride: channels, rows: pixels, inputs: 0..<inputs,
          outputs: expanded, to: sums + b.sums.expand, stride: expanded, adding: true)
        guard let dx = unsafe dx else { continue }
        unsafe transposed.run(
          rows: pixels, from: dExpandedRows, stride: channels, to: dx + offset, toStride: inputs,
          epilogue: transposed.epilogue.adding(adding ? dx + offset : nil, stride: inputs))
      } else if let dx = unsafe dx {
        for pixel in 0..<pixels {
          let (from, to) = unsafe (dExpandedRows + pixel * channels, dx + offset + pixel * inputs)
          if adding {
            for c in 0..<inputs { unsafe to[c] += from[c] }
          } else {
            unsafe to.update(from: from, count: inputs)
          }
        }
      }
    }
  }

  /// Computes the expanded rows of a picture, with zeros for those outside it.
  @unsafe private func expand(
    _ rows: Range<Int>, _ x: UnsafePointer<Float>, _ packed: Packed, _ b: BlockBuffers,
    to expandedMap: UnsafeMutablePointer<Float>, spare: UnsafeMutablePointer<Float>
  ) {
    let inside = rows.clamped(to: 0..<g.height)
    for row in rows where !inside.contains(row) {
      unsafe (expandedMap + (row - rows.lowerBound) * b.expandedRow).update(repeating: 0, count: b.expandedRow)
    }
    let from = unsafe x + inside.lowerBound * g.width * inputs
    let to = unsafe expandedMap + (inside.lowerBound - rows.lowerBound) * b.expandedRow + b.expandedMargin
    guard let product = packed.expand else {
      for row in 0..<inside.count {
        for pixel in 0..<g.width {
          unsafe (to + row * b.expandedRow + pixel * b.channels).update(
            from: from + (row * g.width + pixel) * inputs, count: inputs)
        }
      }
      return
    }
    unsafe b.run(product, from: from, rows: inside.count, width: g.width, to: to, row: b.expandedRow, spare: spare)
  }

  /// Adds the tasks' sums in their order.
  @unsafe private func add(
    _ sums: UnsafeMutablePointer<Float>, _ tasks: Int, _ places: BlockBuffers.Sums, to gradients: Layers
  ) {
    let addScaled = unsafe training.kernels.table.pointee.f32_add_scaled
    training.ranges(places.count, grain: 8192) { _, range in
      for task in 1..<tasks {
        unsafe addScaled(
          sums + task * places.count + range.lowerBound, 1, range.count, sums + range.lowerBound)
      }
    }
    func copy(_ place: Int, _ slice: FloatSlice) { unsafe slice.base.update(from: sums + place, count: slice.count) }
    if let expand = gradients.expand {
      copy(places.expand, expand.weight)
      copy(places.expandBias, expand.bias)
    }
    let channels = BlockBuffers.wholeVectors(expanded)
    for tap in 0..<9 {
      copy(places.depthwise + tap * channels, gradients.depthwise.weight.part(tap * expanded, expanded))
    }
    copy(places.depthwise + 9 * channels, gradients.depthwise.bias)
    copy(places.project, gradients.project.weight)
    copy(places.projectBias, gradients.project.bias)
  }
}

/// The buffers of one picture's backward pass, as offsets in floats.
struct BlockBuffers {
  /// Offsets of the sums: the gradients of all weights.
  struct Sums {
    let expand, expandBias, depthwise, project, projectBias, count: Int
  }

  /// Bytes of expanded rows that a strip aims at: with their gradients they fit a core's cache of 1 MB.
  private static let stripBytes = 320 << 10

  /// Floats from a pixel to the next, whole vectors of channels.
  let channels: Int
  /// Output rows of a strip.
  let rows: Int
  /// Output rows above a strip that its input gradient still needs.
  let halo: Int
  /// Floats of an expanded row with its padding, and those before its first pixel.
  let expandedRow, expandedMargin: Int
  /// Likewise for the gradient of the depthwise convolution's output.
  let depthwiseRow, depthwiseMargin: Int
  /// The expanded rows, the depthwise convolution's output, and their gradients.
  let expandedMap, depthwiseRows, dExpandedRows, dDepthwiseRows: Int
  let count: Int
  let sums: Sums

  /// A number of channels filled up to whole vectors of the widest kernels.
  static func wholeVectors(_ channels: Int) -> Int { (channels + 15) / 16 * 16 }

  init(_ block: BlockGradients) {
    let g = block.g
    channels = BlockBuffers.wholeVectors(block.expanded)
    expandedMargin = g.padLeft * channels
    expandedRow = g.paddedWidth * channels
    depthwiseMargin = 2 * g.dilation * channels
    depthwiseRow = (g.outWidth + 4 * g.dilation) * channels
    let fitting = BlockBuffers.stripBytes / (expandedRow * MemoryLayout<Float>.stride * g.stride)
    rows = min(max(fitting, 1), g.outHeight)
    halo = (g.reachDown + g.stride - 1) / g.stride
    let expandedRows = (rows - 1) * g.stride + g.reachDown + 1
    expandedMap = 0
    depthwiseRows = expandedMap + expandedRows * expandedRow
    dExpandedRows = depthwiseRows + rows * g.outWidth * channels
    dDepthwiseRows = dExpandedRows + (rows * g.stride + g.reachDown + 1) * g.width * channels
    count = dDepthwiseRows + (halo + rows) * depthwiseRow
    let expand = block.inputs * block.expanded
    sums = Sums(
      expand: 0, expandBias: expand, depthwise: expand + channels, project: expand + 11 * channels,
      projectBias: expand + 11 * channels + block.expanded * block.outputs,
      count: expand + 11 * channels + (block.expanded + 1) * block.outputs)
  }
}

extension BlockBuffers {
  /// Clears the buffers whose padding is read and never written.
  @unsafe func clear(_ memory: UnsafeMutablePointer<Float>) {
    unsafe (memory + expandedMap).update(repeating: 0, count: depthwiseRows - expandedMap)
    unsafe (memory + dDepthwiseRows).update(repeating: 0, count: count - dDepthwiseRows)
  }

  /// A GEMM on rows of a map, whose results lie in rows with padding.
  ///
  /// Short rows are computed all at once, since each GEMM reads all weights, and then moved to their places.
  ///
  /// - Parameters:
  ///   - row: floats from a row of `to` to the next.
  ///   - spare: room for the rows without padding.
  @unsafe fileprivate func run(
    _ product: PackedPointwise, from: UnsafePointer<Float>, rows: Int, width: Int, to: UnsafeMutablePointer<Float>,
    row: Int, spare: UnsafeMutablePointer<Float>
  ) {
    let short = 64
    guard width < short, rows > 1, product.outputs == channels else {
      for index in 0..<rows {
        unsafe product.run(
          rows: width, from: from + index * width * product.inputs, stride: product.inputs, to: to + index * row,
          toStride: channels)
      }
      return
    }
    unsafe product.run(
      rows: rows * width, from: from, stride: product.inputs, to: spare, toStride: channels)
    for index in 0..<rows {
      unsafe (to + index * row).update(from: spare + index * width * channels, count: width * channels)
    }
  }
}

import CKernels
import Tensors

/// A fused block whose expanded tensor never exists whole.
///
/// Expanded rows are computed, convolved depthwise and projected while they are in the cache.
///
/// Three patterns run this way: the inverted residual (1x1 expansion, 3x3 depthwise convolution, linear 1x1 projection,
/// a skip connection between the bottlenecks), the stem with the first block, and, with a stored map as the source, the
/// separable predictors.
/// Source: "MobileNetV2: Inverted Residuals and Linear Bottlenecks", sections 3.3 and 5.
@safe package final class FusedBlock: Sendable {
  /// The source of the expanded rows.
  package enum Source: Sendable {
    /// A 1x1 convolution, packed in whole vectors: the expansion.
    case pointwise(PackedPointwise)
    /// A 3x3 convolution of an image with that many channels, packed in whole vectors: the stem.
    case convolution(PackedPointwise, channels: Int)
    /// The map itself, of that many channels.
    case map(channels: Int)

    /// Channels of the expanded rows.
    package var channels: Int {
      switch self {
      case .pointwise(let product), .convolution(let product, _): return product.outputs
      case .map(let channels): return channels
      }
    }

    /// Groups of the expansion's convolution; each fills panels of its own.
    package var groups: Int {
      guard case .pointwise(let product) = self else { return 1 }
      return product.groups
    }

    /// Channels of the block's input.
    package var inputs: Int {
      switch self {
      case .pointwise(let product): return product.inputs * product.groups
      case .convolution(_, let channels), .map(let channels): return channels
      }
    }
  }

  /// A depthwise operation on the expanded rows.
  package enum Filter: Sendable {
    case depthwise(PackedDepthwise)
    /// 3x3 max pooling, correct where no value is negative.
    case maximum(channels: Int)

    var channels: Int {
      switch self {
      case .depthwise(let packed): return packed.channels
      case .maximum(let channels): return channels
      }
    }
  }

  /// A depthwise operation on the expanded rows and the projections behind it.
  ///
  /// Without a projection the depthwise output is the branch's output.
  package struct Branch: Sendable {
    package let filter: Filter
    /// Usually one.
    ///
    /// A grouped convolution has one for each group, with the outputs one after another.
    package let projects: [PackedPointwise]

    package init(depthwise: PackedDepthwise, project: PackedPointwise?) {
      precondition(project.map { $0.inputs == depthwise.channels } ?? true)
      self.init(.depthwise(depthwise), projects: project.map { [$0] } ?? [])
    }

    package init(_ filter: Filter, projects: [PackedPointwise] = []) {
      self.filter = filter
      self.projects = projects
    }

    /// Channels of the branch's output.
    package var outputs: Int {
      projects.isEmpty ? filter.channels : projects.reduce(0) { $0 + $1.outputs }
    }
  }

  /// The channels of a concatenated map that the output is written to.
  package struct Channels: Hashable, Sendable {
    package let first, total: Int

    package init(first: Int, of total: Int) {
      self.first = first
      self.total = total
    }
  }

  package let source: Source
  /// At most two.
  package let branches: [Branch]
  package let hasSkip: Bool
  /// The channels of a concatenated map that the only branch writes to.
  package let channels: Channels?
  /// Elements between the pixels of the source, and between those of the only output, where they are not contiguous.
  package let sourceStride, answerStride: Int?
  let kernels: KernelSet
  let format: ElementFormat

  package init(
    _ kernels: KernelSet, source: Source, branches: [Branch], hasSkip: Bool = false, channels: Channels? = nil,
    sourceStride: Int? = nil, answerStride: Int? = nil
  ) {
    precondition(branches.count <= 2 && branches.allSatisfy { $0.filter.channels == source.channels })
    precondition(channels == nil || branches.count == 1 && !hasSkip)
    self.kernels = kernels
    format = kernels.fp32
    self.source = source
    self.branches = branches
    self.hasSkip = hasSkip
    self.channels = channels
    self.sourceStride = sourceStride
    self.answerStride = answerStride
  }

  /// The same source without branches.
  package var sourceOnly: FusedBlock {
    FusedBlock(kernels, source: source, branches: [], sourceStride: sourceStride)
  }

  /// Whether the block is a 1x1 convolution and a depthwise one behind it: two layers of MobileNetV1.
  var isFilteredProduct: Bool {
    guard case .pointwise(let product) = source, product.groups == 1 else { return false }
    return branches.count == 1 && branches[0].projects.isEmpty
  }

  /// Elements between the pixels of a branch's output.
  func stride(_ branch: Branch) -> Int { channels?.total ?? answerStride ?? branch.outputs }

  /// The destinations of a run's outputs, and of the expanded rows where they are tapped.
  @unsafe package struct Outputs {
    /// `[outHeight, outWidth, outputs]` of each branch.
    package var first, second: UnsafeMutableRawPointer?
    /// `[height, width, channels]` of the expanded map.
    package var tap: UnsafeMutableRawPointer?

    package init(
      first: UnsafeMutableRawPointer? = nil, second: UnsafeMutableRawPointer? = nil,
      tap: UnsafeMutableRawPointer? = nil
    ) {
      unsafe self.first = first
      unsafe self.second = second
      unsafe self.tap = tap
    }

    subscript(branch: Int) -> UnsafeMutableRawPointer { unsafe branch == 0 ? first! : second! }
  }

  /// Runs the block as planned.
  ///
  /// - Parameters:
  ///   - from: the source map, or the image.
  ///   - scratch: `plan.scratch` bytes.
  @unsafe package func run(
    _ plan: FusedPlan, on pool: WorkerPool, from: UnsafeRawPointer, to outputs: Outputs,
    scratch: UnsafeMutableRawPointer
  ) {
    let workers = min(pool.threads, plan.workers)
    let memory = unsafe scratch + plan.rangesSize * plan.slices.count
    let count = plan.slices.count
    // With several workers each half of the split-K has sums of its own. With one worker the second half accumulates
    // into those of the first.
    let partial =
      unsafe workers > 1 && !plan.partialSizes.isEmpty ? memory + plan.workerSize * plan.workers : nil
    if workers > 1 {
      for slice in 0..<count {
        unsafe ck_ranges_set(
          ranges(plan, scratch, slice), Int32(workers), Int32(slice), Int32(count), plan.outHeight)
      }
    }
    pool.run(workers) { task, worker in
      var strip = unsafe strip(plan, from: from, to: outputs, memory: memory + worker * plan.workerSize)
      // A worker begins with the slice of its share, and then takes rows that other workers have not begun.
      for index in 0..<count {
        let slice = (task + index) % count
        unsafe (strip.panel_begin, strip.panel_end) = (plan.slices[slice].lowerBound, plan.slices[slice].upperBound)
        unsafe strip.row_end = 0
        var done = 0
        while let rows = unsafe next(
          plan, ranges: ranges(plan, scratch, slice), workers: workers, task: task, after: done)
        {
          unsafe runRows(
            rows, slice, continuing: rows.lowerBound == done && done > 0, &strip, plan, partial, from, outputs)
          done = rows.upperBound
        }
      }
    }
    if let partial = unsafe partial { unsafe add(partial, plan, on: pool, to: outputs) }
  }

  @unsafe private func ranges(_ plan: FusedPlan, _ scratch: UnsafeMutableRawPointer, _ slice: Int)
    -> UnsafeMutablePointer<ck_range>
  {
    unsafe (scratch + slice * plan.rangesSize).assumingMemoryBound(to: ck_range.self)
  }

  /// The next rows of a task: from its own share while any are left, then from another's.
  @unsafe private func next(
    _ plan: FusedPlan, ranges: UnsafeMutablePointer<ck_range>, workers: Int, task: Int, after done: Int
  ) -> Range<Int>? {
    let most = plan.strategy.rows
    if workers == 1 { return done < plan.outHeight ? done..<min(done + most, plan.outHeight) : nil }
    var (begin, end) = (0, 0)
    return unsafe ck_ranges_take(ranges, Int32(workers), Int32(task), most, &begin, &end) == 0 ? nil : begin..<end
  }

  /// Output rows of one strip; `continuing` where the ring still holds the rows above.
  @unsafe private func runRows(
    _ rows: Range<Int>, _ slice: Int, continuing: Bool, _ strip: inout ck_strip, _ plan: FusedPlan,
    _ partial: UnsafeMutableRawPointer?, _ from: UnsafeRawPointer, _ outputs: Outputs
  ) {
    let needed = plan.wideRows(of: rows)
    unsafe strip.row_begin = continuing ? max(needed.lowerBound, strip.row_end) : needed.lowerBound
    unsafe strip.row_end = max(needed.upperBound, strip.row_begin)
    let owned = plan.ownedRows(of: rows)
    unsafe (strip.tap_begin, strip.tap_end) = (owned.lowerBound, owned.upperBound)
    unsafe (strip.out_begin, strip.out_end) = (rows.lowerBound, rows.upperBound)
    let pixels = rows.lowerBound * plan.outWidth
    let panels = plan.slices[slice]
    for (index, branch) in branches.enumerated() where branch.projects.isEmpty {
      let first = (channels?.first ?? 0) + panels.lowerBound * plan.panelWidth
      let out = unsafe outputs[index] + (pixels * stride(branch) + first) * format.activation
      let room = branch.outputs - panels.lowerBound * plan.panelWidth
      if index == 0 {
        unsafe (strip.branch.0.out, strip.branch.0.room) = (out, room)
      } else {
        unsafe (strip.branch.1.out, strip.branch.1.room) = (out, room)
      }
    }
    unsafe kernels.table.pointee.f32_strip(&strip)
    let summed = panels.lowerBound * plan.panelWidth..<min(panels.upperBound * plan.panelWidth, source.channels)
    let isLast = slice == plan.slices.count - 1
    for (index, branch) in branches.enumerated() {
      guard plan.slices.count > 1, let project = branch.projects.first else {
        unsafe project(rows, branch, index, strip, plan, from, outputs)
        continue
      }
      let offset = pixels * project.outputs * format.activation
      let ownSums = unsafe !isLast && partial != nil
      let to = unsafe ownSums ? sums(partial!, index, plan) + offset : outputs[index] + offset
      var epilogue = unsafe isLast && partial == nil ? project.epilogue : Epilogue(.linear)
      // The skip connection's input is added with the first slice. With one worker the second slice adds to the stored
      // sums of the first.
      if slice == 0 && hasSkip {
        unsafe epilogue = epilogue.adding(from + offset, stride: project.outputs)
      } else if slice > 0, unsafe partial == nil {
        unsafe epilogue = epilogue.adding(to, stride: project.outputs)
      }
      unsafe project.run(
        rows: rows.count * plan.outWidth, from: index == 0 ? strip.branch.0.out! : strip.branch.1.out!,
        stride: plan.filteredStride, to: to, toStride: project.outputs, slice: summed, epilogue: epilogue)
    }
  }

  /// The projections of a branch's depthwise output, all channels at once.
  @unsafe private func project(
    _ rows: Range<Int>, _ branch: Branch, _ index: Int, _ strip: ck_strip, _ plan: FusedPlan,
    _ from: UnsafeRawPointer, _ outputs: Outputs
  ) {
    let stride = stride(branch)
    var offset = (rows.lowerBound * plan.outWidth * stride + (channels?.first ?? 0)) * format.activation
    for project in branch.projects {
      unsafe project.run(
        rows: rows.count * plan.outWidth, from: index == 0 ? strip.branch.0.out! : strip.branch.1.out!,
        stride: plan.filteredStride, to: outputs[index] + offset, toStride: stride,
        epilogue: project.epilogue.adding(hasSkip ? from + offset : nil, stride: stride))
      offset += project.outputs * format.activation
    }
  }

  /// The memory for a branch's sums of the first half.
  @unsafe private func sums(_ partial: UnsafeMutableRawPointer, _ branch: Int, _ plan: FusedPlan)
    -> UnsafeMutableRawPointer
  {
    unsafe branch == 0 ? partial : partial + plan.partialSizes[0]
  }

  /// Adds the sums of the first half to those of the second.
  @unsafe private func add(
    _ partial: UnsafeMutableRawPointer, _ plan: FusedPlan, on pool: WorkerPool, to outputs: Outputs
  ) {
    let tasks = min(pool.threads, plan.workers)
    pool.run(tasks) { task, _ in
      for (index, branch) in branches.enumerated() {
        guard let project = branch.projects.first else { continue }
        let pixels = plan.outHeight * plan.outWidth
        let begin = pixels * task / tasks * project.outputs
        let end = pixels * (task + 1) / tasks * project.outputs
        func floats(_ map: UnsafeMutableRawPointer) -> UnsafeMutablePointer<Float> {
          unsafe map.assumingMemoryBound(to: Float.self) + begin
        }
        let bounds = project.epilogue.bounds
        unsafe kernels.table.pointee.f32_add_clamp(
          floats(outputs[index]), floats(sums(partial, index, plan)), end - begin, bounds.low, bounds.high)
      }
    }
  }

  /// A strip's constant fields, for one worker and its memory.
  @unsafe private func strip(
    _ plan: FusedPlan, from: UnsafeRawPointer, to outputs: Outputs, memory: UnsafeMutableRawPointer
  ) -> ck_strip {
    var s = unsafe ck_strip()
    let g = plan.geometry
    unsafe (s.height, s.width, s.channels) = (plan.height, plan.width, source.channels)
    unsafe s.source = from
    unsafe s.k = source.inputs / source.groups
    unsafe s.groups = source.groups
    unsafe s.source_stride = sourceStride ?? 0
    unsafe s.taps = 1
    switch source {
    case .pointwise(let product): unsafe set(product, &s)
    case .convolution(let product, _):
      let image = plan.image!
      unsafe set(product, &s)
      unsafe s.taps = 9
      unsafe (s.image.height, s.image.width) = (image.height, image.width)
      unsafe (s.image.stride, s.image.dilation) = (image.stride, image.dilation)
      unsafe (s.image.pad_top, s.image.pad_left) = (image.padTop, image.padLeft)
      unsafe s.image.padded_width = image.paddedWidth
      unsafe s.image.padded = memory + plan.paddedOffset
    case .map: break
    }
    unsafe s.ring = memory
    unsafe (s.slots, s.padded_width, s.pad_left) = (plan.slots, plan.paddedWidth, g?.padLeft ?? 0)
    unsafe s.tap = outputs.tap
    unsafe s.zeros = UnsafeRawPointer(memory + plan.zerosOffset)
    unsafe (s.out_width, s.stride, s.dilation) = (plan.outWidth, g?.stride ?? 1, g?.dilation ?? 1)
    unsafe s.pad_top = g?.padTop ?? 0
    unsafe s.branches = branches.count
    for (index, branch) in branches.enumerated() {
      let one = unsafe place(branch, index, plan, filtered: memory + plan.filteredOffset, outputs)
      if index == 0 { unsafe s.branch.0 = one } else { unsafe s.branch.1 = one }
    }
    if plan.geometry != nil {
      unsafe ck_strip_clear(
        format.layout, &s, plan.slices.last!.count, memory + plan.zerosOffset)
    }
    return unsafe s
  }

  @unsafe private func set(_ product: PackedPointwise, _ s: inout ck_strip) {
    unsafe s.w = UnsafeRawPointer(product.packed.raw)
    unsafe s.epilogue = product.epilogue.bounds
  }

  /// The destination of a branch's depthwise output: scratch memory before a projection, or else the output itself.
  @unsafe private func place(
    _ branch: Branch, _ index: Int, _ plan: FusedPlan, filtered: UnsafeMutableRawPointer, _ outputs: Outputs
  ) -> ck_branch {
    let isLast = branch.projects.isEmpty
    var one = unsafe ck_branch()
    unsafe one.out = isLast ? outputs[index] : filtered + index * plan.filteredSize
    unsafe one.out_stride = isLast ? stride(branch) : plan.filteredStride
    unsafe one.room = one.out_stride
    switch branch.filter {
    case .depthwise(let packed):
      unsafe one.w = UnsafeRawPointer(packed.packed.raw)
      unsafe one.epilogue = packed.epilogue.bounds
    case .maximum: unsafe one.epilogue = Epilogue(.linear).bounds
    }
    return unsafe one
  }
}

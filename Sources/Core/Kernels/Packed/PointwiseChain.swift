import CKernels
import Tensors

/// A chain of 1x1 convolutions, run a strip of pixels at a time.
///
/// The maps between them never exist whole.
@safe package final class PointwiseChain: Sendable {
  package let layers: [PackedPointwise]
  /// Pixels of a strip: whole register tiles.
  private static let strip = 84

  package init(_ layers: [PackedPointwise]) {
    precondition(!layers.isEmpty && zip(layers, layers.dropFirst()).allSatisfy { $0.outputs == $1.inputs })
    self.layers = layers
  }

  /// Bytes of the strips between the layers, for one worker.
  private var between: Int { layers.dropLast().reduce(0) { $0 + strip($1) } }

  /// Bytes of a strip of a layer's outputs.
  private func strip(_ layer: PackedPointwise) -> Int {
    PointwiseChain.strip * layer.outputs * layer.format.activation
  }

  /// Bytes of scratch memory that a run needs.
  package func scratch(threads: Int) -> Int { (MemoryLayout<ck_range>.stride + between) * threads }

  /// Computes `[pixels, outputs]` from `[pixels, inputs]`.
  ///
  /// - Parameters:
  ///   - stride: elements between the input pixels.
  ///   - addends: for each layer a row added at every pixel before the activation bounds, or `nil`.
  @unsafe package func run(
    on pool: WorkerPool, pixels: Int, from: UnsafeRawPointer, stride: Int, to: UnsafeMutableRawPointer,
    addends: [UnsafeRawPointer?], scratch: UnsafeMutableRawPointer
  ) {
    let workers = pool.threads
    let ranges = unsafe scratch.assumingMemoryBound(to: ck_range.self)
    unsafe ck_ranges_set(ranges, Int32(workers), 0, 1, pixels)
    pool.run(workers) { task, worker in
      let memory = unsafe scratch + MemoryLayout<ck_range>.stride * workers + worker * between
      var (begin, end) = (0, 0)
      while unsafe ck_ranges_take(ranges, Int32(workers), Int32(task), PointwiseChain.strip, &begin, &end) != 0 {
        let bytes = layers[0].format.activation
        var input = unsafe from + begin * stride * bytes
        var next = unsafe memory
        for (index, layer) in layers.enumerated() {
          let output = unsafe index == layers.count - 1 ? to + begin * layer.outputs * bytes : next
          unsafe layer.run(
            rows: end - begin, from: input, stride: index == 0 ? stride : layer.inputs, to: output,
            toStride: layer.outputs,
            epilogue: layer.epilogue.adding(addends[index], stride: 0))
          unsafe input = UnsafeRawPointer(output)
          unsafe next += strip(layer)
        }
      }
    }
  }
}

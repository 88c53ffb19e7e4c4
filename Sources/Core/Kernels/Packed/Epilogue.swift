import CKernels
import Tensors

/// The epilogue of a layer, applied to its sums before they are stored: `min(max(sum + addend, low), high)`.
///
/// Everything between accumulators and outputs belongs here. For integers that is the scales by channel, the scale of
/// the addend, and the output's scale and zero point.
@safe package struct Epilogue: @unchecked Sendable {
  /// The activation bounds.
  let bounds: ck_epilogue
  /// The rows of the addend, as long as the output's rows.
  ///
  /// They must outlive the run.
  private(set) var addend: UnsafeRawPointer?
  /// Elements between the rows of the addend; 0 adds the same row everywhere.
  private(set) var addendStride = 0

  package init(_ activation: Activation) {
    bounds = ck_epilogue(low: activation.bounds.low, high: activation.bounds.high)
  }

  /// The same epilogue with an addend; `nil` adds nothing.
  @unsafe package func adding(_ rows: UnsafeRawPointer?, stride: Int) -> Epilogue {
    var epilogue = self
    unsafe epilogue.addend = rows
    epilogue.addendStride = stride
    return epilogue
  }
}

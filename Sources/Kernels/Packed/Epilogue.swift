import CKernels
import Tensors

/// What becomes of a layer's sums before they are stored: `min(max(sum + addend, low), high)`.
///
/// All that lies between sums and outputs belongs here: for integers the factors by channel, the scale of what is added, and
/// the output's scale and zero point.
@safe package struct Epilogue: @unchecked Sendable {
  /// The activation's bounds.
  let bounds: ck_epilogue
  /// Rows that are added, as long as those that are stored; they must live as long as a run.
  private(set) var addend: UnsafeRawPointer?
  /// Elements between the rows that are added; 0 adds the same row everywhere.
  private(set) var addendStride = 0

  package init(_ activation: Activation) {
    bounds = ck_epilogue(low: activation.bounds.low, high: activation.bounds.high)
  }

  /// The same with rows that are added; `nil` adds nothing.
  @unsafe package func adding(_ rows: UnsafeRawPointer?, stride: Int) -> Epilogue {
    var epilogue = self
    unsafe epilogue.addend = rows
    epilogue.addendStride = stride
    return epilogue
  }
}

import CKernels

/// The numeric precision of a network's computation.
public enum Precision: String, CaseIterable, Hashable, Sendable {
  /// Floats of 32 bits throughout.
  case fp32

  fileprivate var element: ck_element {
    switch self {
    case .fp32: return CK_F32
    }
  }
}

/// The memory layout of a precision for one instruction set, used by packing and planning.
@safe package struct ElementFormat: @unchecked Sendable {
  let layout: UnsafePointer<ck_format>

  /// Bytes of an element of a map.
  package var activation: Int { unsafe layout.pointee.activation }

  /// Bytes of an accumulator.
  var sum: Int { unsafe layout.pointee.sum }

  /// Accumulators in one vector.
  package var lanes: Int { unsafe layout.pointee.lanes }

  /// Output channels in one panel of packed weights.
  package var panel: Int { unsafe layout.pointee.panel }
}

extension KernelSet {
  /// The layout of a precision, or `nil` where this instruction set has no kernels for it.
  package func format(_ precision: Precision) -> ElementFormat? {
    guard let layout = unsafe ck_format_for(table, precision.element) else { return nil }
    return unsafe ElementFormat(layout: layout)
  }

  /// The layout of fp32, which every instruction set has.
  package var fp32: ElementFormat { format(.fp32)! }
}

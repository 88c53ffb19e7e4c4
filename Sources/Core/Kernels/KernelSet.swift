import CKernels

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The instruction sets that kernels are written for.
public enum InstructionSet: String, CaseIterable, Hashable, Sendable {
  /// C for the compiler's baseline of any processor, without fused multiply-adds; 4 floats a vector.
  case portable
  /// x86-64 with AVX2 and FMA; 8 floats a vector.
  case avx2
  /// x86-64 with AVX-512 F, VL, BW and DQ; 16 floats a vector.
  case avx512
  /// 64-bit ARM with NEON; 4 floats a vector.
  case neon

  /// The environment variable that forces one.
  public static let variable = "BACKBONE_ISA"

  fileprivate var code: ck_isa {
    switch self {
    case .portable: return CK_PORTABLE
    case .avx2: return CK_AVX2
    case .avx512: return CK_AVX512
    case .neon: return CK_NEON
    }
  }

  /// A one-line reason why the forced instruction set is unavailable; `nil` where none is forced or it is available.
  public static var complaint: String? {
    guard let name = forcedName else { return nil }
    let usable = KernelSet.available.map(\.isa.rawValue).joined(separator: ", ")
    guard let forced = InstructionSet(rawValue: name) else {
      return "\(variable)=\(name): no such instruction set; this machine has \(usable)"
    }
    return KernelSet(forced) == nil ? "\(variable)=\(name): not on this machine; it has \(usable)" : nil
  }

  fileprivate static var forcedName: String? {
    guard let value = unsafe getenv(variable) else { return nil }
    let name = unsafe String(cString: value)
    return name.isEmpty ? nil : name
  }
}

/// The kernels of one instruction set.
@safe public struct KernelSet: @unchecked Sendable {
  /// The instruction set that the kernels are compiled for.
  public let isa: InstructionSet
  package let table: UnsafePointer<ck_kernels>

  /// The kernels of an instruction set, or `nil` where this machine or this build lacks it.
  public init?(_ isa: InstructionSet) {
    guard let table = unsafe ck_kernels_for(isa.code) else { return nil }
    self.isa = isa
    unsafe self.table = table
  }

  /// The kernel sets that this machine can run, slowest first.
  public static let available = [InstructionSet.portable, .neon, .avx2, .avx512].compactMap(KernelSet.init)

  /// The kernel set named by `BACKBONE_ISA`, or else the fastest; chosen once.
  ///
  /// An unavailable name is ignored here. Programs report `InstructionSet.complaint` before they begin.
  public static let chosen: KernelSet =
    InstructionSet.forcedName.flatMap(InstructionSet.init(rawValue:)).flatMap(KernelSet.init) ?? available.last!
}

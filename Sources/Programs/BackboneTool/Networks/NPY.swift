import Files
import Tensors

/// NumPy's file format for one array, version 1.0.
///
/// Source: NumPy Enhancement Proposal 1, "A Simple File Format for NumPy Arrays".
enum NPY {
  /// The bytes before the values: magic, version, and a Python dictionary padded to a multiple of 64 bytes.
  static func header(_ extents: [Int]) -> [UInt8] {
    let extents = extents.map { "\($0)" }.joined(separator: ", ")
    let dictionary = "{'descr': '<f4', 'fortran_order': False, 'shape': (\(extents)), }"
    // Before the dictionary are magic (6 bytes), version (2) and length (2); a line feed ends it.
    let length = (10 + dictionary.utf8.count + 1 + 63) / 64 * 64 - 10
    let text = dictionary + String(repeating: " ", count: length - dictionary.utf8.count - 1) + "\n"
    return [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(length & 0xff), UInt8(length >> 8)] + Array(text.utf8)
  }

  /// Writes a tensor atomically as fp32 values in NHWC order.
  static func write(_ tensor: borrowing Tensor, to path: String) throws(FileError) {
    let extents = tensor.shape.extents
    let failure: FileError? = tensor.withSpan { (values: Span<Float>) in
      do throws(FileError) {
        try write(values, extents: extents, to: path)
        return nil
      } catch { return error }
    }
    if let failure { throw failure }
  }

  /// Writes fp32 values atomically, with the last axis contiguous.
  ///
  /// - Parameter extents: of at least two axes.
  static func write(_ values: [Float], extents: [Int], to path: String) throws(FileError) {
    try write(values.span, extents: extents, to: path)
  }

  private static func write(_ values: Span<Float>, extents: [Int], to path: String) throws(FileError) {
    precondition(extents.count > 1 && extents.reduce(1, *) == values.count, "\(values.count) values for \(extents)")
    // The format is little-endian, like every machine that the kernels support.
    precondition(Int(littleEndian: 1) == 1, "a big-endian machine")
    try AtomicFile.write(to: path) { (sink: inout FileSink) throws(FileError) in
      try sink.append(header(extents))
      try values.withBytes { (bytes: RawSpan) throws(FileError) in try sink.append(bytes) }
    }
  }
}

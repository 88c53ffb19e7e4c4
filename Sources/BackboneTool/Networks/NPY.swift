import Files
import Tensors

/// NumPy's file format for one array, version 1.0.
///
/// Source: NumPy Enhancement Proposal 1, "A Simple File Format for NumPy Arrays".
enum NPY {
  /// The bytes before the values: magic, version, and a Python dictionary padded to a multiple of 64 bytes.
  static func header(_ shape: Shape) -> [UInt8] {
    let extents = shape.extents.map { "\($0)" }.joined(separator: ", ")
    let dictionary = "{'descr': '<f4', 'fortran_order': False, 'shape': (\(extents)), }"
    // Magic (6), version (2) and length (2) come before the dictionary, a line feed ends it.
    let length = (10 + dictionary.utf8.count + 1 + 63) / 64 * 64 - 10
    let text = dictionary + String(repeating: " ", count: length - dictionary.utf8.count - 1) + "\n"
    return [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(length & 0xff), UInt8(length >> 8)] + Array(text.utf8)
  }

  /// Writes a tensor as fp32 values in NHWC order, whole or not at all.
  static func write(_ tensor: borrowing Tensor, to path: String) throws(FileError) {
    let header = header(tensor.shape)
    // The format is little-endian, as every machine is that the kernels are written for.
    precondition(Int(littleEndian: 1) == 1, "a big-endian machine")
    let failure: FileError? = tensor.withSpan { (values: Span<Float>) in
      do throws(FileError) {
        try AtomicFile.write(to: path) { (sink: inout FileSink) throws(FileError) in
          try sink.append(header)
          try values.withBytes { (bytes: RawSpan) throws(FileError) in try sink.append(bytes) }
        }
        return nil
      } catch { return error }
    }
    if let failure { throw failure }
  }
}

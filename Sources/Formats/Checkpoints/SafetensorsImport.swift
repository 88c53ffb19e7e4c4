import Files
import ModelFiles
import Tensors

/// The import of a safetensors file with PyTorch's names, which identify the family and so the conventions.
enum SafetensorsImport {
  /// - Throws: `CheckpointError`.
  static func draft(_ file: MappedFile, _ limits: Limits) throws(CheckpointError) -> Draft {
    let header: Safetensors
    do { header = try Safetensors(file, limits) } catch { throw SafetensorsImport.error(error) }
    if header.metadata["card"] != nil {
      throw .unsupported(path: file.path, reason: "is in the native format already; use it as it is")
    }
    for (name, entry) in header.tensors.sorted(by: { $0.key < $1.key }) {
      guard Shape.elementCount(of: entry.shape) != nil, entry.shape.allSatisfy({ $0 > 0 }) else {
        throw .malformed(
          path: file.path, offset: entry.begin, reason: "the tensor \(name) has the unusable shape \(entry.shape)")
      }
    }
    let table = TensorTable(path: file.path, shapes: header.tensors.mapValues(\.shape)) {
      name throws(CheckpointError) in
      guard let entry = header.tensors[name] else {
        throw .malformed(path: file.path, offset: nil, reason: "the tensor \(name) is missing")
      }
      let values: [Float]? =
        switch entry.type {
        case .float32: file.floats(at: entry.begin, count: entry.count)
        case .float16: file.halves(at: entry.begin, count: entry.count)
        case .bfloat16: file.bfloats(at: entry.begin, count: entry.count)
        default: nil
        }
      guard let values else {
        throw .unsupported(
          path: file.path, reason: "holds \(entry.type.rawValue) in the tensor \(name); save it as F32, F16 or BF16")
      }
      return values
    }
    return Draft(try Recognition(table))
  }

  private static func error(_ error: ModelFileError) -> CheckpointError {
    switch error {
    case .file(let error): .file(error)
    case .limit(let path, let offset, let excess): .limit(path: path, offset: offset, excess)
    case .malformed(let path, let offset, let reason): .malformed(path: path, offset: offset, reason: reason)
    case .tensor(let path, let name, let reason):
      .malformed(path: path, offset: nil, reason: "the tensor \(name) \(reason)")
    case .card(let path, let reason): .unsupported(path: path, reason: reason)
    case .notNormal(let path, let name, let index, let value), .tooLarge(let path, let name, let index, let value):
      .notFinite(path: path, name: name, index: index, value: value)
    }
  }
}

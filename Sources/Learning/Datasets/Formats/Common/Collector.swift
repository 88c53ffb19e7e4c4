import Files
import ImageCodecs

/// A collector of samples, and of the errors of skipped ones.
struct Collector {
  let isStrict, keepsUnlabelled: Bool
  let limits: Limits
  private(set) var samples: [Sample] = []
  private(set) var skipped: [DatasetError] = []

  init(_ options: Dataset.Options) {
    isStrict = options.isStrict
    keepsUnlabelled = options.keepsUnlabelled
    limits = options.limits
  }

  /// - Throws: the error itself where broken files are not skipped.
  mutating func skip(_ error: DatasetError) throws(DatasetError) {
    if isStrict { throw error }
    skipped.append(error)
  }

  mutating func add(_ make: () throws(DatasetError) -> Sample?) throws(DatasetError) {
    do throws(DatasetError) {
      if let sample = try make() { samples.append(sample) }
    } catch {
      try skip(error)
    }
  }

  /// The displayed size of a picture, and of its mask, which must be the same.
  func size(of picture: String, mask: String?) throws(DatasetError) -> (width: Int, height: Int) {
    let size = try size(of: picture)
    if let mask {
      let other = try self.size(of: mask)
      guard other == size else {
        throw .size(
          file: mask, expected: "\(size.width)x\(size.height) as its picture", found: "\(other.width)x\(other.height)")
      }
    }
    return size
  }

  private func size(of picture: String) throws(DatasetError) -> (width: Int, height: Int) {
    do throws(ImageError) { return try ImageFile.size(path: picture, limits: limits) } catch { throw .picture(error) }
  }
}

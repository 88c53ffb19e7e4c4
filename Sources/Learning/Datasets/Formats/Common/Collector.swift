import Files
import ImageCodecs
import ImageTypes

/// A collector of samples, of the errors of what is left out, and of what is to be told.
struct Collector {
  let isStrict, keepsUnlabelled: Bool
  let limits: Limits
  private(set) var samples: [Sample] = []
  /// The errors of pictures and files that are left out.
  private(set) var skipped: [DatasetError] = []
  /// The errors of single boxes and outlines that are left out.
  private(set) var dropped: [DatasetError] = []
  private var counts: [DatasetNote.Kind: (place: Int, count: Int, example: String)] = [:]

  init(_ options: Dataset.Options) {
    isStrict = options.isStrict
    keepsUnlabelled = options.keepsUnlabelled
    limits = options.limits
  }

  var notes: [DatasetNote] {
    counts.sorted { $0.value.place < $1.value.place }
      .map { DatasetNote(kind: $0.key, count: $0.value.count, example: $0.value.example) }
  }

  /// Leaves out a picture or a file.
  ///
  /// - Throws: the error itself where broken files are not skipped.
  mutating func skip(_ error: DatasetError) throws(DatasetError) {
    if isStrict { throw error }
    skipped.append(error)
  }

  /// Leaves out a box or an outline.
  ///
  /// - Throws: the error itself where broken files are not skipped.
  mutating func drop(_ error: DatasetError) throws(DatasetError) {
    if isStrict { throw error }
    dropped.append(error)
  }

  mutating func note(_ kind: DatasetNote.Kind, _ example: String, count: Int = 1) {
    guard count > 0 else { return }
    if let known = counts[kind] {
      counts[kind] = (known.place, known.count + count, known.example)
    } else {
      counts[kind] = (counts.count, count, example)
    }
  }

  mutating func add(_ sample: Sample) { samples.append(sample) }

  /// The displayed size of a picture, and its mask, which must have the same size or that of the picture as stored.
  mutating func size(
    of picture: String, mask: MaskSource?
  ) throws(DatasetError) -> (size: PictureSize, mask: MaskSource?) {
    let size = try size(of: picture)
    guard var mask else { return (size, nil) }
    let other = try self.size(of: mask.path)
    if other == size { return (size, mask) }
    if other == size.exchanged,
      let turn = QuarterTurn(orientation: try orientation(of: picture), width: other.width, height: other.height),
      try orientation(of: mask.path) == 1
    {
      note(.turned, mask.path)
      mask.turn = turn
      return (size, mask)
    }
    throw .size(file: mask.path, expected: "\(size) as its picture", found: "\(other)")
  }

  func size(of picture: String) throws(DatasetError) -> PictureSize {
    do throws(ImageError) {
      let size = try ImageFile.size(path: picture, limits: limits)
      return PictureSize(width: size.width, height: size.height)
    } catch { throw .picture(error) }
  }

  private func orientation(of picture: String) throws(DatasetError) -> Int {
    do throws(ImageError) { return try ImageFile.orientation(path: picture, limits: limits) } catch {
      throw .picture(error)
    }
  }

  /// The turn from an annotation's coordinates to the picture as displayed; `nil` where there is none.
  ///
  /// - Parameters:
  ///   - declared: the picture's size by the annotation.
  ///   - boxes: the annotation's boxes, which tell a size with exchanged sides from a picture that is displayed turned.
  /// - Throws: `DatasetError.size` where the annotation is about a picture of another size.
  mutating func turn(
    of file: String, picture: String, _ size: PictureSize, declared: PictureSize?, boxes: [Box]
  ) throws(DatasetError) -> QuarterTurn? {
    guard let declared, declared != size else { return nil }
    let expected = "\(size) as its picture \(picture)"
    guard declared == size.exchanged else {
      throw .size(file: file, expected: expected, found: "about a picture of \(declared)")
    }
    func fits(_ size: PictureSize) -> Bool {
      boxes.allSatisfy { $0.x2 <= Float(size.width) + 1 && $0.y2 <= Float(size.height) + 1 }
    }
    let turn = QuarterTurn(
      orientation: try orientation(of: picture), width: declared.width, height: declared.height)
    if let turn, fits(declared) {
      note(.turned, file)
      return turn
    }
    if fits(size), boxes.isEmpty || !fits(declared) {
      note(.exchangedSizes, file)
      return nil
    }
    let reason = turn == nil ? "has no EXIF orientation that turns it" : "is turned by its EXIF orientation"
    throw .size(
      file: file, expected: expected,
      found: "about a picture of \(declared), with the sides exchanged, although the picture \(reason) and the boxes "
        + "do not tell which of both they mean")
  }
}

/// A picture's columns and rows.
struct PictureSize: Hashable, Sendable, CustomStringConvertible {
  let width, height: Int

  init(width: Int, height: Int) {
    self.width = width
    self.height = height
  }

  /// The size that an annotation declares; `nil` where it is missing or none of a picture, as 0 often stands for unknown.
  init?(declared width: Int?, _ height: Int?) {
    guard let width, let height, 1...1_000_000 ~= width, 1...1_000_000 ~= height else { return nil }
    self.init(width: width, height: height)
  }

  var exchanged: PictureSize { PictureSize(width: height, height: width) }
  var description: String { "\(width)x\(height)" }
}

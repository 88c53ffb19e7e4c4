import Files

/// The mask files beside the pictures of any format.
struct MaskFiles {
  private let listing: FolderListing
  private let meaning: MaskMeaning

  init(_ folder: String, _ meaning: MaskMeaning) throws(DatasetError) {
    listing = try FolderListing(folder, kinds: ["png"])
    self.meaning = meaning
  }

  /// The mask of the picture of that name.
  func path(of stem: String) -> String? { listing.path(ofStem: stem) }

  func source(_ path: String) -> MaskSource { MaskSource(storage: .png(path: path), meaning: meaning) }

  /// Reports masks without a picture, a sign of a missing or misnamed file.
  func reportWithoutPicture(_ pictures: FolderListing, _ collector: inout Collector) throws(DatasetError) {
    for name in listing.names where pictures.path(ofStem: FileName(name).stem) == nil {
      try collector.skip(
        .missing(
          file: "\(pictures.folder)/\(FileName(name).stem).jpg",
          expected: "the picture of \(listing.folder)/\(name)"))
    }
  }
}

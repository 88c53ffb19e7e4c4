@_exported import Vision

extension Detector {
  /// The names of the models that look for things together where none is named, the main one first: as the program
  /// `detect`.
  package static let standardNames = [ShippedModel.objects.name, ShippedModel.people.name]

  /// The detector of the program `detect`: the 20 classes of Pascal VOC, and for people a model that knows them better.
  ///
  /// - Parameter threads: workers, or `nil` for as many as the affinity mask and the cgroup allow.
  /// - Throws: `ModelStoreError` where an installed model of the same name is damaged, `VisionError`.
  public static func standard(threads: Int? = nil) throws -> Detector {
    let files = try standardNames.map { try ModelStore.standard().open($0) }
    return try Detector(files[0], specialists: Array(files.dropFirst()), threads: threads)
  }

  /// The detector of a name or a path, of the installed models or the shipped ones.
  ///
  /// - Parameter threads: workers, or `nil` for as many as the affinity mask and the cgroup allow.
  /// - Throws: `ModelStoreError` where there is none, or its file is damaged; `VisionError` where it is no detector.
  public convenience init(_ name: String, threads: Int? = nil) throws {
    try self.init(ModelStore.standard().open(name), threads: threads)
  }
}

extension Segmenter {
  /// The name of the model that outlines things where none is named: as the program `segment`.
  public static let standardName = ShippedModel.objectMasks.name

  /// The segmenter of a name or a path, of the installed models or the shipped ones.
  ///
  /// - Parameters:
  ///   - name: by default what the program `segment` uses, the 20 classes of Pascal VOC.
  ///   - threads: workers, or `nil` for as many as the affinity mask and the cgroup allow.
  /// - Throws: `ModelStoreError` where there is none, or its file is damaged; `VisionError` where it is no segmenter.
  public convenience init(_ name: String = Segmenter.standardName, threads: Int? = nil) throws {
    try self.init(ModelStore.standard().open(name), threads: threads)
  }
}

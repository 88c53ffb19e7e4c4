import Postprocess

/// Outlines of a picture's things in a COCO file.
struct COCOOutlines: Sendable {
  let path: String
  func paint(width: Int, height: Int) throws(DatasetError) -> [UInt8] { [UInt8](repeating: 0, count: width * height) }
}
enum COCOFormat {
  static func read(_ layout: DatasetLayout, _ options: Dataset.Options, into collector: inout Collector) throws(DatasetError) -> [DatasetClass] { throw .unknownFormat(folder: layout.folder, found: "COCO") }
}

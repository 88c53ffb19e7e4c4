/// A mask under construction.
struct MaskCanvas {
  let path: String
  let width, height: Int
  var ids: [UInt8]
  /// The number of steps along borders still allowed, which bounds the time of a picture with many outlines.
  private var steps = PolygonRaster.limit

  init(path: String, width: Int, height: Int) {
    self.path = path
    self.width = width
    self.height = height
    ids = [UInt8](repeating: 0, count: width * height)
  }

  /// Sets the pixels inside polygons to an id.
  mutating func fill(_ polygons: [[Double]], _ id: UInt8, at place: DatasetError.Place) throws(DatasetError) {
    for polygon in polygons {
      guard let needed = PolygonRaster.steps(polygon), needed <= steps else {
        throw .limit(
          file: path, place: place, what: "length of the borders in one picture", allowed: PolygonRaster.limit / 5,
          found: (PolygonRaster.steps(polygon) ?? .max) / 5)
      }
      steps -= needed
      PolygonRaster.fill(polygon, with: id, in: &ids, width: width, height: height)
    }
  }
}

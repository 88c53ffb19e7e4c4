/// Numbers the classes of a data set: the background first, then the names in the order in which they come.
struct ClassNumbering {
  private(set) var classes: [DatasetClass]
  private var indexOfName: [String: Int] = [:]

  /// - Parameter background: what value 0 of the masks is called.
  init(background: String = "background") {
    classes = [DatasetClass(name: background, id: 0)]
    indexOfName[background] = 0
  }

  /// The number of a known class.
  func index(of name: String) -> Int? { indexOfName[name] }

  /// The class's number; a new one for a new name.
  ///
  /// - Throws: `DatasetError.limit` when more than 254 classes come together.
  mutating func add(_ name: String, id: Int, file: String) throws(DatasetError) -> Int {
    if let index = indexOfName[name] { return index }
    guard classes.count < 255 else {
      throw .limit(file: file, place: .element(name), what: "classes beside the background", allowed: 254, found: 255)
    }
    classes.append(DatasetClass(name: name, id: id))
    indexOfName[name] = classes.count - 1
    return classes.count - 1
  }
}

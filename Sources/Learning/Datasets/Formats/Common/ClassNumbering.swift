/// The numbering of a data set's classes: the background first, then the names in the order of their first use.
struct ClassNumbering {
  private(set) var classes: [DatasetClass]
  private var indexOfName: [String: Int] = [:]

  /// - Parameter background: the name of value 0 in masks.
  init(background: String = "background") {
    classes = [DatasetClass(name: background, id: 0)]
    indexOfName[background] = 0
  }

  /// The number of a known class.
  func index(of name: String) -> Int? { indexOfName[name] }

  /// The number of a class, a new one for a new name.
  ///
  /// - Throws: `DatasetError.limit` for more than 254 classes.
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

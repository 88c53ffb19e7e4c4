/// The numbering of a data set's classes: the background first, then the names in the order of their first use.
struct ClassNumbering {
  private(set) var classes: [DatasetClass]
  private var indexOfName: [String: Int] = [:]

  /// - Parameters:
  ///   - background: the name of value 0 in masks.
  ///   - id: its number in the files.
  init(background: String = "background", id: Int = 0) {
    classes = [DatasetClass(name: background, id: id)]
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

  /// Whether a name is one of those that the field gives to what is no object.
  static func isBackground(_ name: String) -> Bool {
    ["background", "_background_", "__background__", "unlabeled"].contains(name.lowercased())
  }

  /// Whether a name is one of those that the field gives to pixels without ground truth.
  static func isVoid(_ name: String) -> Bool {
    ["void", "ignore", "__ignore__", "_ignore_", "ignored"].contains(name.lowercased())
  }
}

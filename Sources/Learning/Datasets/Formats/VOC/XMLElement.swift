import Files

/// An element of an XML file: its name, the text directly in it, and the elements in it.
final class XMLElement {
  let name: String
  let attributes: [String: String]
  /// The place of its beginning.
  let place: DatasetError.Place
  fileprivate(set) var text = ""
  fileprivate(set) var children: [XMLElement] = []

  fileprivate init(name: String, attributes: [String: String], place: DatasetError.Place) {
    self.name = name
    self.attributes = attributes
    self.place = place
  }

  /// The first element of that name in this one.
  func child(_ name: String) -> XMLElement? { children.first { $0.name == name } }

  /// The text without surrounding space.
  var trimmed: String {
    var text = text[...].drop(while: \.isWhitespace)
    while text.last?.isWhitespace == true { text.removeLast() }
    return String(text)
  }

  /// Reads a file: XML without a document type, so that no entity can multiply.
  ///
  /// - Throws: `DatasetError` with the line and the byte of the error.
  static func read(_ file: TextFile, _ limits: Limits) throws(DatasetError) -> XMLElement {
    let builder = XMLBuilder(path: file.path, limits)
    try Expat.parse(file, builder)
    guard let root = builder.root else {
      throw .invalid(file: file.path, place: .line(1, byte: 0), expected: "well-formed XML", found: "no element")
    }
    return root
  }
}

/// The builder of the element tree, called by the parser.
final class XMLBuilder {
  private let path: String
  private let limits: Limits
  private(set) var root: XMLElement?
  /// The error that stopped the parser.
  private(set) var refusal: DatasetError?
  private var open: [XMLElement] = []
  private var count = 0

  init(path: String, _ limits: Limits) {
    self.path = path
    self.limits = limits
  }

  func begin(_ name: String, _ attributes: [String: String], at place: DatasetError.Place) {
    count += 1
    if let excess = limits.excess(.nesting, open.count + 1) ?? limits.excess(.elements, count) {
      return refuse(.excess(file: path, place: place, excess))
    }
    let element = XMLElement(name: name, attributes: attributes, place: place)
    if let parent = open.last { parent.children.append(element) } else { root = element }
    open.append(element)
  }

  func end() { if refusal == nil { _ = open.popLast() } }

  func add(_ text: String) { if refusal == nil { open.last?.text += text } }

  func refuseDocumentType(at place: DatasetError.Place) {
    refuse(.invalid(file: path, place: place, expected: "none", found: "a document type"))
  }

  private func refuse(_ error: DatasetError) { if refusal == nil { refusal = error } }
}

import CExpat

/// An element of an XML file: its name, the text directly in it, and the elements in it.
final class XMLElement {
  let name: String
  /// Where it begins, counted from 1.
  let line: Int
  fileprivate(set) var text = ""
  fileprivate(set) var children: [XMLElement] = []

  fileprivate init(name: String, line: Int) {
    self.name = name
    self.line = line
  }

  /// The first element of that name in this one.
  func child(_ name: String) -> XMLElement? { children.first { $0.name == name } }

  /// The text without the space around it.
  var trimmed: String {
    var text = text[...].drop(while: \.isWhitespace)
    while text.last?.isWhitespace == true { text.removeLast() }
    return String(text)
  }

  /// Reads a file: XML without a document type, so that no entity can multiply.
  ///
  /// - Throws: `DatasetError` with the line where it goes wrong.
  static func read(path: String) throws(DatasetError) -> XMLElement {
    try parse(TextFile(path: path).text, path: path)
  }

  static func parse(_ text: String, path: String) throws(DatasetError) -> XMLElement {
    let builder = XMLBuilder()
    guard let parser = unsafe XML_ParserCreate("UTF-8") else {
      throw .limit(file: path, place: .whole, what: "memory for the XML parser", allowed: 0, found: 1)
    }
    defer { unsafe XML_ParserFree(parser) }
    unsafe builder.parser = parser
    unsafe XML_SetUserData(parser, Unmanaged.passUnretained(builder).toOpaque())
    unsafe XML_SetElementHandler(
      parser,
      { user, name, _ in unsafe XMLBuilder.of(user).begin(String(cString: name!)) },
      { user, _ in unsafe XMLBuilder.of(user).end() })
    unsafe XML_SetCharacterDataHandler(
      parser,
      { user, bytes, count in
        unsafe XMLBuilder.of(user).add(UnsafeRawBufferPointer(start: bytes, count: Int(count)))
      })
    unsafe XML_SetStartDoctypeDeclHandler(
      parser, { user, _, _, _, _ in unsafe XMLBuilder.of(user).stop(at: "a document type", expected: "none") })
    var text = text
    let status = text.withUTF8 { bytes in
      unsafe bytes.withMemoryRebound(to: CChar.self) { unsafe XML_Parse(parser, $0.baseAddress, Int32($0.count), 1) }
    }
    let line = Int(clamping: unsafe XML_GetCurrentLineNumber(parser))
    if let (found, expected) = builder.refusal {
      throw .invalid(file: path, place: .line(line), expected: expected, found: found)
    }
    guard status == XML_STATUS_OK, let root = builder.root else {
      let words = unsafe XML_ErrorString(XML_GetErrorCode(parser)).map { unsafe String(cString: $0) }
      throw .invalid(
        file: path, place: .line(line), expected: "well-formed XML", found: words ?? "no element")
    }
    return root
  }
}

/// What the parser's calls build up.
@safe private final class XMLBuilder {
  /// Elements inside each other; annotations need 5.
  private static let depth = 32
  private static let elements = 100_000

  var parser: XML_Parser?
  private(set) var root: XMLElement?
  private(set) var refusal: (found: String, expected: String)?
  private var open: [XMLElement] = []
  private var count = 0

  static func of(_ user: UnsafeMutableRawPointer?) -> XMLBuilder {
    unsafe Unmanaged<XMLBuilder>.fromOpaque(user!).takeUnretainedValue()
  }

  func begin(_ name: String) {
    count += 1
    guard open.count < XMLBuilder.depth else {
      return stop(at: "elements inside each other more than \(XMLBuilder.depth) deep", expected: "an annotation")
    }
    guard count <= XMLBuilder.elements else {
      return stop(at: "more than \(XMLBuilder.elements) elements", expected: "an annotation")
    }
    let element = XMLElement(name: name, line: Int(clamping: unsafe XML_GetCurrentLineNumber(parser)))
    if let parent = open.last { parent.children.append(element) } else { root = element }
    open.append(element)
  }

  func end() { if refusal == nil { open.removeLast() } }

  func add(_ bytes: UnsafeRawBufferPointer) {
    if refusal == nil { unsafe open.last?.text += String(decoding: bytes, as: UTF8.self) }
  }

  func stop(at found: String, expected: String) {
    if refusal == nil { refusal = (found, expected) }
    _ = unsafe XML_StopParser(parser, 0)
  }
}

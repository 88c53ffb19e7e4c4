import CExpat

/// A Swift interface to the XML parser Expat.
///
/// Of this module's readers only this file touches raw memory.
enum Expat {
  /// Passes the elements and texts of a file to a builder, until the builder refuses or the file ends.
  ///
  /// - Throws: `DatasetError` with the line and the byte of the error.
  static func parse(_ file: TextFile, _ builder: XMLBuilder) throws(DatasetError) {
    guard let parser = unsafe XML_ParserCreate("UTF-8") else {
      throw .limit(file: file.path, place: .whole, what: "memory for the XML parser", allowed: 0, found: 1)
    }
    defer { unsafe XML_ParserFree(parser) }
    let session = unsafe Session(parser: parser, builder: builder, mark: file.mark)
    unsafe XML_SetUserData(parser, Unmanaged.passUnretained(session).toOpaque())
    unsafe XML_SetElementHandler(
      parser,
      { user, name, attributes in
        let session = unsafe Session.of(user)
        unsafe session.builder.begin(String(cString: name!), Expat.pairs(attributes), at: session.place)
        session.stopIfRefused()
      },
      { user, _ in unsafe Session.of(user).builder.end() })
    unsafe XML_SetCharacterDataHandler(
      parser,
      { user, bytes, count in
        let text = unsafe String(decoding: UnsafeRawBufferPointer(start: bytes, count: Int(count)), as: UTF8.self)
        unsafe Session.of(user).builder.add(text)
      })
    unsafe XML_SetStartDoctypeDeclHandler(
      parser,
      { user, _, _, _, _ in
        let session = unsafe Session.of(user)
        session.builder.refuseDocumentType(at: session.place)
        session.stopIfRefused()
      })
    var text = file.text
    let status = text.withUTF8 { bytes in
      // The size is at most `Limits.textBytes`, but the parser counts in 32 bits whatever that limit.
      unsafe bytes.withMemoryRebound(to: CChar.self) {
        unsafe XML_Parse(parser, $0.baseAddress, Int32(clamping: $0.count), 1)
      }
    }
    if let refusal = builder.refusal { throw refusal }
    guard status == XML_STATUS_OK else {
      let words = unsafe XML_ErrorString(XML_GetErrorCode(parser)).map { unsafe String(cString: $0) }
      throw .invalid(
        file: file.path, place: session.place, expected: "well-formed XML", found: words ?? "something else")
    }
  }

  /// An element's attributes: names and values in turn, and a null pointer at the end.
  private static func pairs(_ list: UnsafeMutablePointer<UnsafePointer<XML_Char>?>?) -> [String: String] {
    guard var next = unsafe list else { return [:] }
    var pairs: [String: String] = [:]
    while let name = unsafe next[0], let value = unsafe next[1] {
      unsafe pairs[String(cString: name)] = unsafe String(cString: value)
      unsafe next += 2
    }
    return pairs
  }

  /// The context of the parser's callbacks.
  @safe private final class Session {
    private let parser: XML_Parser
    let builder: XMLBuilder
    private let mark: Int

    init(parser: XML_Parser, builder: XMLBuilder, mark: Int) {
      unsafe self.parser = parser
      self.builder = builder
      self.mark = mark
    }

    static func of(_ user: UnsafeMutableRawPointer?) -> Session {
      unsafe Unmanaged<Session>.fromOpaque(user!).takeUnretainedValue()
    }

    /// The parser's position.
    var place: DatasetError.Place {
      unsafe .line(
        Int(clamping: XML_GetCurrentLineNumber(parser)), byte: mark + max(Int(XML_GetCurrentByteIndex(parser)), 0))
    }

    func stopIfRefused() { if builder.refusal != nil { _ = unsafe XML_StopParser(parser, 0) } }
  }
}

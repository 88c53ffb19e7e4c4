import CExpat

/// The XML parser behind plain Swift: the only file of this room's readers that touches raw memory.
enum Expat {
  /// Hands the elements and texts of a file to a builder, until it refuses or the file ends.
  ///
  /// - Throws: `DatasetError` with the line and the byte where it goes wrong.
  static func parse(_ file: TextFile, _ builder: XMLBuilder) throws(DatasetError) {
    guard let parser = unsafe XML_ParserCreate("UTF-8") else {
      throw .limit(file: file.path, place: .whole, what: "memory for the XML parser", allowed: 0, found: 1)
    }
    defer { unsafe XML_ParserFree(parser) }
    let session = unsafe Session(parser: parser, builder: builder, mark: file.mark)
    unsafe XML_SetUserData(parser, Unmanaged.passUnretained(session).toOpaque())
    unsafe XML_SetElementHandler(
      parser,
      { user, name, _ in
        let session = unsafe Session.of(user)
        unsafe session.builder.begin(String(cString: name!), at: session.place)
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
      // No more than `Limits.textBytes`; whatever that is set to, the parser counts in 32 bits.
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

  /// What the parser's calls come back to.
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

    /// Where the parser is.
    var place: DatasetError.Place {
      unsafe .line(
        Int(clamping: XML_GetCurrentLineNumber(parser)), byte: mark + max(Int(XML_GetCurrentByteIndex(parser)), 0))
    }

    func stopIfRefused() { if builder.refusal != nil { _ = unsafe XML_StopParser(parser, 0) } }
  }
}

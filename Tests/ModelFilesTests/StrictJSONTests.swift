import ModelFiles
import Testing

@Suite struct StrictJSONTests {
  private func parse(_ text: String, depth: Int = 8) throws -> StrictJSON {
    try StrictJSON.parse(Array(text.utf8), depth: depth)
  }

  @Test func valuesOfEveryKind() throws {
    #expect(try parse("null") == .null)
    #expect(try parse(" true ") == .bool(true))
    #expect(try parse("\tfalse\n") == .bool(false))
    #expect(try parse("-12") == .integer(-12))
    #expect(try parse("0") == .integer(0))
    #expect(try parse("9223372036854775807") == .integer(.max))
    #expect(try parse("-1.5e-3") == .number(-1.5e-3))
    #expect(try parse("1E+2") == .number(100))
    #expect(try parse("[1,[],{}]") == .array([.integer(1), .array([]), .object([])]))
    #expect(try parse(#"{"b":1,"a":2}"#)["a"] == .integer(2))
    #expect(try parse(#"{"b":1}"#)["c"] == nil)
  }

  @Test func stringsWithEscapes() throws {
    #expect(try parse(#""\"\\\/\b\f\n\r\t""#) == .string("\"\\/\u{8}\u{c}\n\r\t"))
    #expect(try parse(#""\u00e9\ud83d\ude00""#) == .string("é😀"))
    #expect(try parse("\"é😀\"") == .string("é😀"))
    #expect(try parse(#""\u0000""#) == .string("\0"))
  }

  @Test(arguments: [
    "", " ", "nul", "truex", "+1", "-", "1.", ".5", "1e", "00", "-01", "0x10", "Infinity", "'a'", "\"", "\"\\",
    "\"\\u12",
    "\"\\u12g4\"", "\"\\udc00\"", "\"\\ud800\\u0041\"", "\"\\ud800x\"", "[1,]", "[1 2]", "[", "{\"a\":1 \"b\":2}",
    "{1:2}",
    "{\"a\"}", "1 2", "[1]]", "// comment\n1", "\"a\nb\"",
  ]) func whatIsNoJSONIsRefused(text: String) {
    #expect(throws: JSONError.self) { try parse(text) }
  }

  @Test func depthIsLimited() throws {
    #expect(try parse("[[1]]", depth: 2) == .array([.array([.integer(1)])]))
    #expect(throws: JSONError(offset: 2, reason: "nested too deeply")) { try parse("[[[1]]]", depth: 2) }
    #expect(throws: JSONError(offset: 5, reason: "nested too deeply")) { try parse(#"{"a":{}}"#, depth: 1) }
  }

  @Test func keysAreUniqueInEachObject() throws {
    #expect(throws: JSONError(offset: 7, reason: #"the key "a" occurs twice"#)) { try parse(#"{"a":1,"a":1}"#) }
    #expect(try parse(#"{"a":{"a":1}}"#)["a"]?["a"] == .integer(1))
  }

  @Test func everyPrefixIsRefused() {
    let text = #"{"a":[1,2.5,"x\u00e9y",true,null],"b":{"c":-3e4}}"#
    for count in 0..<text.utf8.count {
      #expect(throws: JSONError.self) { try StrictJSON.parse(Array(text.utf8.prefix(count)), depth: 4) }
    }
  }
}

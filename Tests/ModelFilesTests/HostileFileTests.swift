import Files
import ModelFiles
import Testing

/// A file that must be refused, and a part of the message.
struct HostileFile: CustomTestStringConvertible, Sendable {
  let name: String
  let bytes: [UInt8]
  let says: String
  var testDescription: String { name }

  init(_ name: String, _ bytes: [UInt8], says: String) {
    self.name = name
    self.bytes = bytes
    self.says = says
  }

  /// A file with that header, its true length, and that many bytes of values.
  init(_ name: String, header: String, values: Int = 0, says: String) {
    self.init(name, file(header, [UInt8](repeating: 0, count: values)), says: says)
  }

  /// A file with one tensor `a` of that description, and that many bytes of values.
  init(_ name: String, entry: String, values: Int, says: String) {
    self.init(name, header: #"{"a":\#(entry)}"#, values: values, says: says)
  }
}

private func file(_ header: String, _ values: [UInt8]) -> [UInt8] {
  let text = Array(header.utf8)
  return length(UInt64(text.count)) + text + values
}

private func length(_ count: UInt64) -> [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: count >> ($0 * 8)) } }

private func tensor(_ name: String, _ begin: Int, _ end: Int) -> String {
  #""\#(name)":{"dtype":"F32","shape":[\#((end - begin) / 4)],"data_offsets":[\#(begin),\#(end)]}"#
}

private let hostileFiles: [HostileFile] = [
  // The frame of length and header.
  HostileFile("empty", [], says: "has 0 bytes, expected at least 8"),
  HostileFile("half a length", [2, 0, 0], says: "has 3 bytes, expected at least 8"),
  HostileFile("a length and nothing else", length(2), says: "announces a header of 2 bytes, has 0"),
  HostileFile("the largest length", length(.max) + [0x7b], says: "announces a header of 18446744073709551615 bytes"),
  HostileFile("a length beyond Int", length(1 << 63) + [0x7b], says: "announces a header of 9223372036854775808 bytes"),
  HostileFile(
    "a length beyond the limit", length((16 << 20) + 1) + [UInt8](repeating: 0x20, count: (16 << 20) + 1),
    says: "has 16777217 bytes in the header, the limit is 16777216; raise Limits.headerBytes"),
  HostileFile("a length of the limit", length(16 << 20) + [0x7b], says: "announces a header of 16777216 bytes, has 1"),
  HostileFile("a length of zero", length(0), says: "no JSON object"),
  HostileFile(
    "a picture", [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0],
    says: "announces a header of 727905341920923785 bytes, has 2"),
  // The JSON.
  HostileFile("a list", header: "[]", says: "no JSON object"),
  HostileFile("spaces before", header: " {}", says: "no JSON object"),
  HostileFile("a byte order mark", header: "\u{feff}{}", says: "no JSON object"),
  HostileFile("an open object", header: "{", says: "expected a key"),
  HostileFile("an open string", header: #"{"a"#, says: "a string does not end"),
  HostileFile("no colon", header: #"{"a" 1}"#, says: "expected a colon"),
  HostileFile("no value", header: #"{"a":}"#, says: "no value begins like this"),
  HostileFile("a comma at the end", header: #"{"a":1,}"#, says: "expected a key"),
  HostileFile("a bare key", header: "{a:1}", says: "expected a key"),
  HostileFile("text after the object", header: "{}x", says: "bytes after the end"),
  HostileFile("two objects", header: "{}{}", says: "bytes after the end"),
  HostileFile("a zero byte after the object", header: "{}\0", says: "bytes after the end"),
  HostileFile("NaN", header: #"{"a":NaN}"#, says: "no value begins like this"),
  HostileFile("a leading zero", header: #"{"a":01}"#, says: "a number is written wrongly"),
  HostileFile("a number too large", header: #"{"a":99999999999999999999}"#, says: "a number is too large"),
  HostileFile("an exponent too large", header: #"{"a":1e999}"#, says: "a number is too large"),
  HostileFile("a control character", header: "{\"a\u{1}\":1}", says: "bare control character"),
  HostileFile("an unknown escape", header: #"{"a\x":1}"#, says: "unknown escape"),
  HostileFile("half a surrogate pair", header: #"{"a\ud800":1}"#, says: "half a surrogate pair"),
  HostileFile(
    "bytes that are no UTF-8", length(8) + [0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d, 0x20], says: "not UTF-8"),
  HostileFile(
    "ten thousand lists", header: #"{"a":"# + String(repeating: "[", count: 10_000), says: "nested too deeply"),
  HostileFile(
    "ten thousand objects", header: String(repeating: #"{"a":"#, count: 10_000), says: "nested too deeply"),
  HostileFile(
    "a name twice", header: "{\(tensor("a", 0, 4)),\(tensor("a", 4, 8))}", values: 8, says: #"the key "a" occurs twice"#
  ),
  HostileFile(
    "a name twice, once escaped", header: "{\(tensor("a", 0, 4)),\(tensor(#"\u0061"#, 4, 8))}", values: 8,
    says: #"the key "a" occurs twice"#),
  HostileFile(
    "a field twice", entry: #"{"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]}"#, values: 4,
    says: #"the key "dtype" occurs twice"#),
  HostileFile("metadata twice", header: #"{"__metadata__":{},"__metadata__":{}}"#, says: "occurs twice"),
  HostileFile("a metadata key twice", header: #"{"__metadata__":{"card":"","card":""}}"#, says: "occurs twice"),
  HostileFile("metadata that is a number", header: #"{"__metadata__":1}"#, says: "__metadata__ is no object"),
  HostileFile("metadata of numbers", header: #"{"__metadata__":{"card":1}}"#, says: "is no string"),
  // The tensors.
  HostileFile("an entry that is a number", entry: "1", values: 0, says: "needs exactly the keys"),
  HostileFile("no dtype", entry: #"{"shape":[1],"data_offsets":[0,4]}"#, values: 4, says: "needs exactly the keys"),
  HostileFile("no shape", entry: #"{"dtype":"F32","data_offsets":[0,4]}"#, values: 4, says: "needs exactly the keys"),
  HostileFile("no offsets", entry: #"{"dtype":"F32","shape":[1]}"#, values: 4, says: "needs exactly the keys"),
  HostileFile(
    "an unknown field", entry: #"{"dtype":"F32","shape":[1],"data_offsets":[0,4],"file":"/etc/passwd"}"#, values: 4,
    says: "needs exactly the keys"),
  HostileFile(
    "an unknown dtype", entry: #"{"dtype":"F31","shape":[1],"data_offsets":[0,4]}"#, values: 4, says: "unknown dtype"),
  HostileFile(
    "a dtype that is a number", entry: #"{"dtype":1,"shape":[1],"data_offsets":[0,4]}"#, values: 4,
    says: "unknown dtype"),
  HostileFile(
    "a negative extent", entry: #"{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}"#, values: 4,
    says: "negative or broken extent"),
  HostileFile(
    "a fraction as extent", entry: #"{"dtype":"F32","shape":[1.0],"data_offsets":[0,4]}"#, values: 4,
    says: "negative or broken extent"),
  HostileFile(
    "nine extents", entry: #"{"dtype":"F32","shape":[1,1,1,1,1,1,1,1,1],"data_offsets":[0,4]}"#, values: 4,
    says: "at most 8 numbers"),
  HostileFile(
    "a size that overflows", entry: #"{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0]}"#,
    values: 0, says: "overflows"),
  HostileFile(
    "a size that overflows to the right one",
    entry: #"{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}"#, values: 0, says: "overflows"),
  HostileFile(
    "one offset", entry: #"{"dtype":"F32","shape":[1],"data_offsets":[0]}"#, values: 4, says: "data_offsets outside"),
  HostileFile(
    "offsets in the wrong order", entry: #"{"dtype":"F32","shape":[1],"data_offsets":[4,0]}"#, values: 4,
    says: "data_offsets outside"),
  HostileFile(
    "a negative offset", entry: #"{"dtype":"F32","shape":[1],"data_offsets":[-4,0]}"#, values: 4,
    says: "data_offsets outside"),
  HostileFile(
    "offsets beyond the file", entry: #"{"dtype":"F32","shape":[2],"data_offsets":[0,8]}"#, values: 4,
    says: "data_offsets outside the values, which reach from byte 62 to byte 66"),
  HostileFile(
    "the largest offsets",
    entry: #"{"dtype":"F32","shape":[1],"data_offsets":[9223372036854775803,9223372036854775807]}"#, values: 4,
    says: "data_offsets outside"),
  HostileFile(
    "fewer bytes than the shape", entry: #"{"dtype":"F32","shape":[2],"data_offsets":[0,4]}"#, values: 4,
    says: "has 4 bytes, expected 8"),
  HostileFile(
    "a hole before", entry: #"{"dtype":"F32","shape":[1],"data_offsets":[4,8]}"#, values: 8,
    says: "leaves a hole before it"),
  HostileFile(
    "a hole between", header: "{\(tensor("a", 0, 4)),\(tensor("b", 8, 12))}", values: 12, says: "leaves a hole"),
  HostileFile(
    "an overlap", header: "{\(tensor("a", 0, 8)),\(tensor("b", 4, 12))}", values: 12, says: "overlaps the tensor"),
  HostileFile(
    "the same place twice", header: "{\(tensor("a", 0, 4)),\(tensor("b", 0, 4))}", values: 4,
    says: "overlaps the tensor"),
  HostileFile(
    "bytes after the tensors", header: "{\(tensor("a", 0, 4))}", values: 5, says: "has 1 bytes after the last"),
  HostileFile("bytes and no tensor", header: "{}", values: 4, says: "has 4 bytes after the last"),
  // Files that only the model format refuses.
  HostileFile("no card", header: "{\(tensor("a", 0, 4))}", values: 4, says: "has no model card"),
  HostileFile("a card that is no JSON", header: #"{"__metadata__":{"card":"{"}}"#, says: "no proper JSON"),
  HostileFile("a card of another kind", header: #"{"__metadata__":{"card":"{}"}}"#, says: "the card has no"),
  HostileFile(
    "a key twice in the card", header: #"{"__metadata__":{"card":"{\"name\":\"a\",\"name\":\"b\"}"}}"#,
    says: "occurs twice"),
]

@Suite struct HostileFileTests {
  @Test(arguments: hostileFiles) func isRefused(hostile: HostileFile) throws {
    let file = try MappedFile(path: "hostile", copying: hostile.bytes)
    let error = #expect(throws: ModelFileError.self) { try ModelFile.read(file) }
    let text = try #require(error).description
    #expect(text.hasPrefix("hostile: "))
    #expect(text.contains(hostile.says), "\(text)")
    #expect(!text.contains("\n"))
  }

  @Test func thereAreEnough() { #expect(hostileFiles.count >= 40) }
}

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A JSON value from another parser.
enum JSONValue: Decodable, Equatable {
  case array([JSONValue])
  case boolean(Bool)
  case null
  case number(Double)
  case object([String: JSONValue])
  case string(String)

  init(_ text: some StringProtocol) throws { self = try JSONDecoder().decode(JSONValue.self, from: Data(text.utf8)) }

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if container.decodeNil() {
      self = .null
    } else if let value = try? container.decode(Bool.self) {
      self = .boolean(value)
    } else if let value = try? container.decode(Double.self) {
      self = .number(value)
    } else if let value = try? container.decode(String.self) {
      self = .string(value)
    } else if let values = try? container.decode([JSONValue].self) {
      self = .array(values)
    } else {
      self = .object(try container.decode([String: JSONValue].self))
    }
  }

  subscript(key: String) -> JSONValue? {
    if case .object(let members) = self { members[key] } else { nil }
  }

  /// The names of an object's members, sorted.
  var keys: [String] {
    if case .object(let members) = self { members.keys.sorted() } else { [] }
  }

  var elements: [JSONValue] {
    if case .array(let values) = self { values } else { [] }
  }

  var double: Double? {
    if case .number(let value) = self { value } else { nil }
  }

  var text: String? {
    if case .string(let value) = self { value } else { nil }
  }
}

extension JSONValue {
  /// The figures of an evaluation's report; those of classes have the class and a slash as prefix.
  var figures: [String: Double] {
    var figures: [String: Double] = [:]
    func add(_ value: JSONValue?, _ prefix: String) {
      for key in value?.keys ?? [] { figures[prefix + key] = value?[key]?.double }
    }
    add(self["figures"], "")
    for one in self["classes"]?.elements ?? [] { add(one, (one["name"]?.text ?? "") + "/") }
    return figures
  }
}

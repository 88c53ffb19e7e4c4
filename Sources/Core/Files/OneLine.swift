extension String {
  /// The text with control characters written as escapes, so that an odd file name can't break a line of output.
  package var onOneLine: String {
    guard unicodeScalars.contains(where: Self.breaksLine) else { return self }
    var result = ""
    for scalar in unicodeScalars {
      if Self.breaksLine(scalar) {
        result += scalar.escaped(asASCII: true)
      } else {
        result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  private static func breaksLine(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator: return true
    default: return false
    }
  }
}

extension String {
  /// The text with control characters and bytes that are not UTF-8 written as escapes, so that an odd file name can't break a line of output.
  package var onOneLine: String {
    guard unicodeScalars.contains(where: { Self.breaksLine($0) || FilePath.isRaw($0) }) else { return self }
    var result = ""
    for scalar in unicodeScalars {
      if FilePath.isRaw(scalar) {
        result += FilePath.shown(scalar)
      } else if Self.breaksLine(scalar) {
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

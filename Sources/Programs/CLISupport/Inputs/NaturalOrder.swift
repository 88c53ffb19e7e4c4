/// The order in which people number their files: img2 before img10.
package enum NaturalOrder {
  /// Whether a name comes before another one: runs of digits are compared as numbers, all else by its bytes.
  ///
  /// A total order: names that differ in the zeros in front of a number only, are ordered by these.
  package static func isBefore(_ a: String, _ b: String) -> Bool {
    var (left, right) = (a.utf8[...], b.utf8[...])
    while let x = left.first, let y = right.first {
      if isDigit(x), isDigit(y) {
        let (m, n) = (number(&left), number(&right))
        if m.count != n.count { return m.count < n.count }
        for (x, y) in zip(m, n) where x != y { return x < y }
      } else {
        if x != y { return x < y }
        left.removeFirst()
        right.removeFirst()
      }
    }
    if left.isEmpty != right.isEmpty { return left.isEmpty }
    return a.utf8.lexicographicallyPrecedes(b.utf8)
  }

  private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

  /// Takes the digits from the front.
  ///
  /// - Returns: those behind the leading zeros.
  private static func number(_ text: inout Substring.UTF8View) -> Substring.UTF8View {
    let digits = text.prefix(while: isDigit)
    text = text[digits.endIndex...]
    return digits.drop { $0 == 0x30 }
  }
}

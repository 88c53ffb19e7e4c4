import CLISupport

/// A number in a paper's notation: digits, and M for millions or B for billions.
struct PrintedNumber: ExpressibleByStringLiteral, Sendable {
  let text: String
  let value: Double

  init(stringLiteral text: String) {
    self.text = text
    let scale = PrintedNumber.scale(of: text)
    guard let digits = Double(scale == 1 ? text[...] : text.dropLast()) else {
      preconditionFailure("\(text) is no number")
    }
    value = digits * scale
  }

  private static func scale(of text: String) -> Double {
    switch text.last {
    case "M": return 1e6
    case "B": return 1e9
    default: return 1
    }
  }

  /// A count of this program in a paper's notation, with the printed number's suffix or a fitting one, and a decimal
  /// more than papers have.
  static func text(_ count: Int, like printed: PrintedNumber? = nil, decimals: Int = 2) -> String {
    let isBillions = printed.map { $0.text.last == "B" } ?? (count >= 1_000_000_000)
    return fixed(Double(count) / (isBillions ? 1e9 : 1e6), isBillions ? 2 : decimals) + (isBillions ? "B" : "M")
  }

  /// Whether a count of this program is equal to the number within a hundredth.
  func isNear(_ count: Int) -> Bool { abs(Double(count) / value - 1) <= 0.01 }

  /// The relative difference of a count of this program from the printed one: "+0.4%".
  func difference(_ count: Int) -> String {
    let text = fixed(100 * (Double(count) / value - 1), 1)
    if text == "0.0" || text == "-0.0" { return "0.0%" }
    return (text.hasPrefix("-") ? "" : "+") + text + "%"
  }
}

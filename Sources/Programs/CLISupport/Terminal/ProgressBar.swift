/// Tells on standard error how far a long piece of work has come, how fast it goes and how much time is left.
///
/// On a terminal it is one line with a bar, written anew several times a second; elsewhere it is a plain line every few
/// seconds, and none at all for work that ends sooner.
public struct ProgressBar {
  /// What it writes.
  package enum Output: Equatable {
    /// A line that stays.
    case note(String)
    /// In the place of the terminal's last line.
    case rewrite(String)
  }

  /// Seconds between two plain lines, and between two states of the bar.
  private static let interval = (plain: 5.0, bar: 0.1)
  /// Seconds over which the rate is taken, so that it follows a change of pace without trembling.
  private static let window = 20.0

  private let title: String
  private let unit: String
  private let total: Int
  private let output: (Output) -> Void
  private let columns: () -> Int?
  private let clock: () -> Double
  private let begin: (time: Double, done: Int)
  /// What was done at some times within the window, the oldest first.
  private var history: [(time: Double, done: Int)]
  private var shown: Double
  private var hasShown = false
  private var figures = ""

  /// Begins to take the time.
  ///
  /// - Parameters:
  ///   - title: what is done ("train").
  ///   - total: how many units there are, at least 1.
  ///   - unit: their name, in the plural ("pictures").
  ///   - done: those done before, which count for no rate.
  public init(_ title: String, total: Int, unit: String, from done: Int = 0, on console: Console) {
    self.init(
      title, total: total, unit: unit, from: done, columns: Console.terminalColumns,
      clock: { Stopwatch.now / 1000 }
    ) {
      switch $0 {
      case .note(let text): console.note(text)
      case .rewrite(let text): console.rewriteLine(text)
      }
    }
  }

  /// - Parameters:
  ///   - columns: the terminal's width, `nil` where there is no terminal.
  ///   - clock: seconds.
  package init(
    _ title: String, total: Int, unit: String, from done: Int, columns: @escaping () -> Int?,
    clock: @escaping () -> Double, output: @escaping (Output) -> Void
  ) {
    precondition(total >= 1 && (0...total).contains(done), "\(done) of \(total) done")
    self.title = title
    self.unit = unit
    self.total = total
    self.output = output
    self.columns = columns
    self.clock = clock
    begin = (clock(), done)
    history = [begin]
    shown = begin.time
  }

  /// Says how many units are done.
  ///
  /// Cheap enough for every step of a loop.
  /// - Parameter figures: what to tell beside it ("loss 0.312").
  public mutating func update(_ done: Int, _ figures: String = "") {
    self.figures = figures
    let now = clock()
    let width = columns()
    guard now - shown >= (width == nil ? Self.interval.plain : Self.interval.bar) else { return }
    history.append((now, done))
    // One from before the window stays, for the rate to have a beginning.
    while history.count > 2, now - history[1].time >= Self.window { history.removeFirst() }
    shown = now
    hasShown = true
    if let width {
      output(.rewrite(bar(done, now, width: width - 1)))
    } else {
      output(.note("\(title): " + line(done, now)))
    }
  }

  /// Writes a line about something else without tearing the bar.
  public mutating func note(_ message: String) {
    if hasShown, columns() != nil { output(.rewrite("")) }
    output(.note(message))
    // The bar comes back with the next update.
    if columns() != nil { shown = -.infinity }
  }

  /// Ends the line: how many units took how long, if anything was told before.
  public mutating func finish(_ done: Int? = nil, _ figures: String = "") {
    guard hasShown else { return }
    if columns() != nil { output(.rewrite("")) }
    let count = done ?? total
    let seconds = clock() - begin.time
    let rate = Self.rate(Double(count - begin.done) / max(seconds, 1e-9))
    let told = Self.joined(["\(count) \(unit) in \(Self.duration(seconds))", rate, figures], by: ", ")
    output(.note("\(title): \(told)"))
  }

  private func line(_ done: Int, _ now: Double) -> String {
    Self.joined(["\(done) of \(total) \(unit)"] + pace(done, now) + [figures], by: ", ")
  }

  /// The line of a terminal, at most `width` characters.
  private func bar(_ done: Int, _ now: Double, width: Int) -> String {
    let percent = "\(done * 100 / total)%"
    let text = Self.joined(
      [String(repeating: " ", count: max(4 - percent.count, 0)) + percent, "\(done)/\(total) \(unit)"]
        + pace(done, now) + [figures],
      by: "  ")
    let room = width - title.count - text.count - 4
    // Without space for a bar only the numbers are shown.
    guard room >= 6 else { return String((title + " " + text).prefix(max(width, 0))) }
    let length = min(room, 40)
    let filled = length * done / total
    let head = filled > 0 && filled < length ? ">" : ""
    let body = String(repeating: "=", count: filled - head.count) + head
    return "\(title) [" + body + String(repeating: " ", count: length - filled) + "] " + text
  }

  /// The rate and the time left; nothing before there is a rate.
  private func pace(_ done: Int, _ now: Double) -> [String] {
    let rate = Double(done - history[0].done) / (now - history[0].time)
    guard rate > 0, rate.isFinite else { return [] }
    return [Self.rate(rate), "\(Self.duration(Double(total - done) / rate)) left"]
  }

  private static func rate(_ rate: Double) -> String {
    rate >= 100 ? "\(fixed(rate, 0))/s" : rate >= 1 ? "\(fixed(rate, 1))/s" : "\(fixed(1 / rate, 1)) s each"
  }

  /// "0:07", "12:05", "1:02:03".
  public static func duration(_ seconds: Double) -> String {
    guard seconds < 1e9 else { return "ages" }
    let whole = Int(seconds.rounded())
    func two(_ value: Int) -> String { (value < 10 ? "0" : "") + "\(value)" }
    let (hours, minutes) = (whole / 3600, whole / 60 % 60)
    return (hours > 0 ? "\(hours):\(two(minutes))" : "\(minutes)") + ":" + two(whole % 60)
  }

  private static func joined(_ parts: [String], by separator: String) -> String {
    parts.filter { !$0.isEmpty }.joined(separator: separator)
  }
}

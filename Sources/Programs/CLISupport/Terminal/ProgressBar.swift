/// The progress of a long piece of work on standard error: the part that is done, the rate and the time left.
///
/// On a terminal it is one line with a bar, rewritten several times a second. Elsewhere it is a plain line every few
/// seconds, and none for work that ends sooner.
public struct ProgressBar {
  /// An output of the bar.
  package enum Output: Equatable {
    /// A line that stays on the terminal.
    case note(String)
    /// A replacement of the terminal's last line.
    case rewrite(String)
  }

  /// Seconds between two plain lines and between two states of the bar.
  private static let interval = (plain: 5.0, bar: 0.1)
  /// The window of the rate in seconds: short enough to follow a change of pace, long enough to be steady.
  private static let window = 20.0

  private let title: String
  private let unit: String
  private let total: Int
  private let output: (Output) -> Void
  private let columns: () -> Int?
  private let clock: () -> Double
  private let begin: (time: Double, done: Int)
  /// The counts at some times within the window, the oldest first.
  private var history: [(time: Double, done: Int)]
  private var shown: Double
  private var hasShown = false
  private var figures = ""

  /// Starts the clock.
  ///
  /// - Parameters:
  ///   - title: the kind of work ("train").
  ///   - total: the number of units, at least 1.
  ///   - unit: the name of a unit, in the plural ("pictures").
  ///   - done: units that were done before; they are left out of the rate.
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
  ///   - columns: the terminal's width; `nil` without a terminal.
  ///   - clock: the time in seconds.
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

  /// Updates the number of units that are done.
  ///
  /// Cheap enough for every step of a loop.
  ///
  /// - Parameter figures: a text beside the bar ("loss 0.312").
  public mutating func update(_ done: Int, _ figures: String = "") {
    self.figures = figures
    let now = clock()
    let width = columns()
    guard now - shown >= (width == nil ? Self.interval.plain : Self.interval.bar) else { return }
    history.append((now, done))
    // One count from before the window stays as the beginning of the rate.
    while history.count > 2, now - history[1].time >= Self.window { history.removeFirst() }
    shown = now
    hasShown = true
    if let width {
      output(.rewrite(bar(done, now, width: width - 1)))
    } else {
      output(.note("\(title): " + line(done, now)))
    }
  }

  /// Writes another message without breaking the bar.
  public mutating func note(_ message: String) {
    if hasShown, columns() != nil { output(.rewrite("")) }
    output(.note(message))
    // The next update draws the bar again.
    if columns() != nil { shown = -.infinity }
  }

  /// Ends the line with the number of units and the duration, if anything was written before.
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

  /// The line on a terminal, at most `width` characters.
  private func bar(_ done: Int, _ now: Double, width: Int) -> String {
    let percent = "\(done * 100 / total)%"
    let text = Self.joined(
      [String(repeating: " ", count: max(4 - percent.count, 0)) + percent, "\(done)/\(total) \(unit)"]
        + pace(done, now) + [figures],
      by: "  ")
    let room = width - title.count - text.count - 4
    // Without space for a bar the line has the numbers only.
    guard room >= 6 else { return String((title + " " + text).prefix(max(width, 0))) }
    let length = min(room, 40)
    let filled = length * done / total
    let head = filled > 0 && filled < length ? ">" : ""
    let body = String(repeating: "=", count: filled - head.count) + head
    return "\(title) [" + body + String(repeating: " ", count: length - filled) + "] " + text
  }

  /// The rate and the time left; empty as long as there is no rate.
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

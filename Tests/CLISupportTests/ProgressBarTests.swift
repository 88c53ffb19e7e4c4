import Testing

import CLISupport

/// The output of a progress bar, with a simulated clock and terminal.
@Suite struct ProgressBarTests {
  final class Desk {
    var seconds = 100.0
    var written: [ProgressBar.Output] = []

    func bar(_ total: Int, columns: Int?, from done: Int = 0) -> ProgressBar {
      ProgressBar(
        "train", total: total, unit: "steps", from: done, columns: { columns }, clock: { self.seconds },
        output: { self.written.append($0) })
    }
  }

  @Test("without a terminal there is a line every five seconds, with rate and time left, and one at the end")
  func plain() {
    let desk = Desk()
    var bar = desk.bar(1000, columns: nil)
    for step in 1...1000 {
      desk.seconds += 0.0125
      bar.update(step, "loss \(step)")
    }
    bar.finish(1000, "loss 7")
    #expect(
      desk.written == [
        .note("train: 400 of 1000 steps, 80.0/s, 0:08 left, loss 400"),
        .note("train: 800 of 1000 steps, 80.0/s, 0:03 left, loss 800"),
        .note("train: 1000 steps in 0:13, 80.0/s, loss 7"),
      ])
  }

  @Test("short work has no output")
  func short() {
    let desk = Desk()
    var bar = desk.bar(10, columns: nil)
    for step in 1...10 {
      desk.seconds += 0.1
      bar.update(step)
    }
    bar.finish()
    #expect(desk.written.isEmpty)
  }

  @Test("on a terminal one line fits its width, and other lines do not break it", arguments: [20, 50, 80, 200])
  func terminal(columns: Int) throws {
    let desk = Desk()
    var bar = desk.bar(3, columns: columns, from: 1)
    desk.seconds += 4000
    bar.update(2, "loss 0.25")
    bar.note("a.png: is damaged")
    bar.finish(3)
    guard case .rewrite(let line)? = desk.written.first else { throw Wrong() }
    #expect(line.count < columns && line.hasPrefix("train") && line.contains("%"))
    if columns == 80 {
      #expect(line == "train [=========>     ]  66%  2/3 steps  4000.0 s each  1:06:40 left  loss 0.25")
    }
    #expect(
      desk.written.dropFirst() == [
        .rewrite(""), .note("a.png: is damaged"), .rewrite(""), .note("train: 3 steps in 1:06:40, 2000.0 s each"),
      ])
  }

  struct Wrong: Error {}

  @Test("the bar is written ten times a second at most")
  func pace() {
    let desk = Desk()
    var bar = desk.bar(100_000, columns: 80)
    for step in 1...100_000 {
      desk.seconds += 1.0 / 65_536
      bar.update(step)
    }
    #expect((10...16).contains(desk.written.count))
  }

  @Test("the rate is measured over the last seconds")
  func changeOfPace() {
    let desk = Desk()
    var bar = desk.bar(10_000, columns: nil)
    for step in 1...1000 {
      desk.seconds += step <= 500 ? 0.01 : 0.1
      bar.update(step)
    }
    #expect(desk.written.first == .note("train: 500 of 10000 steps, 100.0/s, 1:35 left"))
    #expect(desk.written.last == .note("train: 959 of 10000 steps, 10.0/s, 15:04 left"))
  }
}

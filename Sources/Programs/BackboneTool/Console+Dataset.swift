import CLISupport
import Datasets

extension Console {
  /// Tells what opening a data set left out or decided.
  func note(openingOf dataset: Dataset) {
    for error in dataset.skipped { note("left out: \(told(error))") }
    for error in dataset.dropped.prefix(20) { note("box or outline left out: \(told(error))") }
    if dataset.dropped.count > 20 {
      note("\(dataset.dropped.count) boxes and outlines left out, of which 20 are listed")
    }
    for one in dataset.notes { note("\(one)") }
  }
}

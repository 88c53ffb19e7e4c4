import Backbone
import CLISupport
import Graphs
import Kernels

/// Table 3: the largest tensor at each size of map.
struct MemoryComparison {
  /// The largest tensor of a network at a size of map.
  struct Cell {
    let channels: Int
    let kilobytes: Double
    /// Whether the tensor never exists as a whole.
    let isPartial: Bool

    var text: String { "\(channels)/\(MemoryComparison.number(kilobytes))" + (isPartial ? "*" : "") }
  }

  /// One of the table's networks.
  struct Column {
    let network: String
    /// The heading above this program's cells.
    let ours: String
    let layout: NetworkLayout
    /// The paper's figures for it at each size.
    let paper: [(channels: Int, kilobytes: Int)]?
    let paperGreatest: Int?

    /// The largest tensor with that number of rows: of the tensors that exist as a whole, or of the others if there are
    /// none.
    func cell(side: Int) -> Cell? {
      let here = layout.graph.activations(height: 224, width: 224).filter { $0.shape.height == side }
      let whole = here.filter { !$0.isPartial }
      guard let largest = (whole.isEmpty ? here : whole).map(\.shape).max(by: { $0.count < $1.count }) else {
        return nil
      }
      return Cell(
        channels: largest.channels, kilobytes: MemoryComparison.kilobytes(largest.count), isPartial: whole.isEmpty)
    }

    var greatest: Double { MemoryComparison.kilobytes(layout.graph.largestActivation(height: 224, width: 224)) }
    var held: Double { MemoryComparison.kilobytes(layout.graph.heldActivations(height: 224, width: 224)) }
  }

  let columns: [Column]
  /// The kilobytes of this program's plans beside weights and image, with its 32-bit activations, by column.
  let working: [Double]

  init(session: Session) throws(Failure) {
    let rows = Paper.Memory.rows, greatest = Paper.Memory.greatest
    let columns = [
      Column(
        network: "MobileNetV1", ours: "ours", layout: .mobileNetV1(), paper: rows.map(\.mobileNetV1),
        paperGreatest: greatest.mobileNetV1),
      Column(
        network: "MobileNetV2", ours: "ours", layout: .mobileNetV2(), paper: rows.map(\.mobileNetV2),
        paperGreatest: greatest.mobileNetV2),
      Column(
        network: "ShuffleNet 2x, g=3", ours: "ours, g=3", layout: .shuffleNet(groups: 3, scale: 2),
        paper: rows.map(\.shuffleNet), paperGreatest: greatest.shuffleNet),
      Column(
        network: "ShuffleNet 2x, g=2", ours: "ours, g=2", layout: .shuffleNet(groups: 2, scale: 2), paper: nil,
        paperGreatest: nil),
    ]
    self.columns = columns
    do throws(BackboneError) {
      var working: [Double] = []
      for column in columns {
        let graph = column.layout.graph
        let plan = try Network.random(graph, on: session).plan(height: 224, width: 224)
        let map = graph.shapes(height: 224, width: 224).last!.count * MemoryLayout<Float>.stride
        working.append(Double(plan.arenaBytes + map) / 1000)
      }
      self.working = working
    } catch { throw Failure(.model, told(error)) }
  }

  /// The paper's Kb are thousands of bytes, with 2 bytes for each activation.
  private static func kilobytes(_ count: Int) -> Double { Double(count) * 2 / 1000 }

  static func number(_ kilobytes: Double) -> String { fixed(kilobytes, kilobytes < 10 ? 1 : 0) }

  static let remarks = [
    "* in parts: section 5's trick for the first layer, which is in no maximum, here as in the paper",
    "MobileNetV2: the paper's rows are table 2's, whose outputs it counts at the size of their inputs: 32 channels at "
      + "56x56 are 24, 64 at 28x28 are 32, 160 at 14x14 are 96; the maximum is the same",
    "MobileNetV1: 1024 channels of 7x7 take 100 KB; the paper's 199 is that of a block's input and output together",
    "ShuffleNet: the paper's channels are those of g=2 (400, 800, 1600), not of the g=3 in its heading (480, 960, 1920)",
  ]

  /// Aligned columns, with the notes on the differences.
  func text() -> String {
    var alignments = [TextTable.Alignment.left]
    for column in columns { alignments += column.paper == nil ? [.right] : [.right, .right] }
    var table = TextTable(alignments)
    /// A row of this program's cells, beside the paper's in columns that have them.
    func add(_ name: String, _ cells: (Int) -> (paper: String, ours: String)) {
      var line = [name]
      for index in columns.indices {
        let (paper, ours) = cells(index)
        line += columns[index].paper == nil ? [ours] : [paper, ours]
      }
      table.add(line)
    }
    add("") { index in
      let network = columns[index].network
      return (columns[index].paper == nil ? "" : String(network.prefix { $0 != "," }), "")
    }
    add("size of map") { ("paper", columns[$0].ours) }
    for (row, paper) in Paper.Memory.rows.enumerated() {
      add("\(paper.side)x\(paper.side)") { index in
        let printed = columns[index].paper?[row]
        let ours = columns[index].cell(side: paper.side)?.text ?? "-"
        return (printed.map { "\($0.channels)/\($0.kilobytes)" } ?? "-", ours)
      }
    }
    add("maximum, KB") { index in
      let paper = columns[index].paperGreatest.map { "\($0)" } ?? "-"
      return (paper, MemoryComparison.number(columns[index].greatest))
    }
    add("a layer's input and output, KB") { ("-", MemoryComparison.number(columns[$0].held)) }
    add("this program's plan, 32-bit, KB") { ("-", MemoryComparison.number(working[$0])) }
    return ComparedTable.memory.title + "\n" + table.lines()
      + MemoryComparison.remarks.map { wrapped($0, indent: "    ") }.joined()
  }
}

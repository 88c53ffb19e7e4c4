import ArgumentParser
import Backbone
import CLISupport
import Vision

struct ProfileCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "profile",
    abstract: "Print parameters and multiply-adds by layer.",
    discussion: """
      Counted as the paper counts: a multiply-add is one operation, biases and batch norm's folded shift count as \
      parameters, pooling and resizing count as nothing.
      """)

  @Argument(help: "The network: classify, ssdlite or deeplab.")
  var task = TaskNetwork.Task.classify

  @OptionGroup var network: NetworkOptions

  @Flag(help: "Print one JSON object instead of a table.")
  var json = false

  func run() throws {
    let size = network.size ?? task.usualSize
    let costs = network.network(task, compute: Compute(threads: 1)).costs(height: size, width: size)
    try Main.console.write(json ? object(costs, size: size).text + "\n" : table(costs, size: size))
  }

  private func table(_ costs: [LayerCost], size: Int) -> String {
    var table = TextTable([.left, .right, .right, .right])
    table.add(["layer", "output", "parameters", "multiply-adds"])
    for cost in costs {
      let output = "\(cost.output.height)x\(cost.output.width)x\(cost.output.channels)"
      table.add([cost.name, output, "\(cost.parameters)", "\(cost.multiplyAdds)"])
    }
    let parameters = costs.reduce(0) { $0 + $1.parameters }
    let multiplyAdds = costs.reduce(0) { $0 + $1.multiplyAdds }
    table.add(["total", "", "\(parameters)", "\(multiplyAdds)"])
    return "\(task.rawValue)  width \(network.width ?? 1)  \(size)x\(size)\n" + table.lines()
      + "  \(fixed(Double(parameters) / 1e6, 2)) M parameters, \(fixed(Double(multiplyAdds) / 1e6, 1)) M multiply-adds\n"
  }

  private func object(_ costs: [LayerCost], size: Int) -> JSON {
    .object([
      ("network", .string(task.rawValue)), ("width", .number(Float(network.width ?? 1))), ("size", .integer(size)),
      ("parameters", .integer(costs.reduce(0) { $0 + $1.parameters })),
      ("multiply_adds", .integer(costs.reduce(0) { $0 + $1.multiplyAdds })),
      (
        "layers",
        .array(
          costs.map { cost in
            .object([
              ("name", .string(cost.name)), ("output", .array(cost.output.extents.map(JSON.integer))),
              ("parameters", .integer(cost.parameters)), ("multiply_adds", .integer(cost.multiplyAdds)),
            ])
          })
      ),
    ])
  }
}

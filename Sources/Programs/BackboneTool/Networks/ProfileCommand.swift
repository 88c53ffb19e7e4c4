import ArgumentParser
import Backbone
import CLISupport
import Graphs

struct ProfileCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "profile",
    abstract: "Print parameters and multiply-adds by layer, or the compiled plan.",
    discussion: """
      The counts follow the paper: a multiply-add is one operation, biases and batch norm's folded shift are \
      parameters, pooling and resizing are not counted.

      --plan prints the plan for this machine instead: the layers of each pass, its strategy (rows: strips of rows; \
      halves: split-K over the expanded channels, in strips; tiles: of a GEMM) and its scratch memory.
      """)

  @Argument(help: NetworkOptions.taskHelp)
  var task = NetworkTask.classify

  @OptionGroup var network: NetworkOptions

  @Flag(help: "Print one JSON object instead of a table.")
  var json = false

  @Flag(help: "Print the compiled plan instead of the layers.")
  var plan = false

  @Option(
    help: ArgumentHelp("With --plan: number of threads. (default: as many as allowed)", valueName: "number"))
  var threads: Int?

  func validate() throws {
    if threads != nil, !plan { throw ValidationError("--threads has no effect without --plan") }
    if let threads, !(1...1024).contains(threads) {
      throw ValidationError("--threads \(threads): expected a number from 1 to 1024")
    }
  }

  func run() throws {
    let size = network.size ?? task.usualSize
    if plan {
      let built = network.network(task, session: Session(threads: threads))
      try Main.console.write(text(built, size: size))
      return
    }
    let costs = network.graph(task).costs(height: size, width: size)
    try Main.console.write(json ? object(costs, size: size).text + "\n" : table(costs, size: size))
  }

  /// The plan as a table or as JSON.
  private func text(_ network: Network, size: Int) throws(Failure) -> String {
    let plan: PlanInfo
    do { plan = try network.plan(height: size, width: size) } catch {
      throw Failure(.usage, told(error))
    }
    let session = network.session
    if json {
      let steps = plan.steps.map { step in
        JSON.object([
          ("name", .string(step.name)), ("output", .array(step.output.extents.map(JSON.integer))),
          ("strategy", .string(step.strategy)), ("strip_rows", .integer(step.stripRows)),
          ("scratch_bytes", .integer(step.scratchBytes)), ("multiply_adds", .integer(step.multiplyAdds)),
        ])
      }
      return JSON.object([
        ("network", .string(task.rawValue)), ("size", .integer(size)), ("isa", .string(session.kernels.isa.rawValue)),
        ("threads", .integer(session.pool.threads)), ("arena_bytes", .integer(plan.arenaBytes)),
        ("steps", .array(steps)),
      ]).text + "\n"
    }
    var table = TextTable([.left, .right, .left, .right, .right, .right])
    table.add(["step", "output", "cut", "rows", "scratch bytes", "multiply-adds"])
    for step in plan.steps {
      let output = "\(step.output.height)x\(step.output.width)x\(step.output.channels)"
      table.add([
        step.name, output, step.strategy, step.stripRows > 0 ? "\(step.stripRows)" : "", "\(step.scratchBytes)",
        "\(step.multiplyAdds)",
      ])
    }
    return "\(task.rawValue)  \(size)x\(size)  \(session.kernels.isa.rawValue)  "
      + "\(session.pool.threads) \(session.pool.threads == 1 ? "thread" : "threads")\n" + table.lines()
      + "  arena \(plan.arenaBytes) bytes\n"
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
    return "\(task.rawValue)  \(network.backbone.title)  \(size)x\(size)\n" + table.lines()
      + "  \(fixed(Double(parameters) / 1e6, 2)) M parameters, \(fixed(Double(multiplyAdds) / 1e6, 1)) M multiply-adds\n"
  }

  private func object(_ costs: [LayerCost], size: Int) -> JSON {
    .object([
      ("network", .string(task.rawValue)), ("backbone", .string(network.backbone.family.rawValue)),
      ("width", .number(Float(network.backbone.width ?? 1))), ("size", .integer(size)),
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

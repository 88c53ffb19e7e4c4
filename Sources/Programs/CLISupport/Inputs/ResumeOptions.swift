import ArgumentParser
import Files

/// The option to go on with the results of a run that was stopped.
public struct ResumeOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      """
      Write the results to this file instead, as ndjson. Where it exists, the run goes on behind its last whole line: \
      repeat the command that was stopped.
      """, valueName: "results.ndjson"))
  public var resume: String?

  public init() {}

  /// Checks the options that contradict a file of results.
  ///
  /// - Parameters:
  ///   - format: the chosen format of results, if any.
  ///   - isQuiet: whether there are no results.
  /// - Throws: `ValidationError`.
  public func check(format: String?, isQuiet: Bool = false) throws {
    if isQuiet, format != nil { throw ValidationError("--format has no effect with --quiet") }
    if isQuiet, resume != nil { throw ValidationError("--resume has no effect with --quiet") }
    if resume != nil, let format, format != "ndjson" {
      throw ValidationError("--resume has no effect with --format \(format)")
    }
  }

  /// Opens the file of results, if one is given.
  ///
  /// - Returns: `nil` without the option.
  /// - Throws: `Failure` with status `usage` for a file that does not belong to these inputs, `output` for one that cannot
  ///   be written.
  public func open(_ inputs: PictureInputs, on console: Console) throws(Failure) -> ResumedResults? {
    guard let resume else { return nil }
    return try ResumedResults(resume, inputs, on: console)
  }
}

/// A file with a line of results for each input, to which a run appends.
public struct ResumedResults {
  /// The console whose results go to the file.
  public let console: Console
  /// The inputs that are done, and those that failed, in the lines that were there.
  let done, failed: Int
  private let path: String
  private let file: AppendedFile
  /// The number of bytes up to the last whole line.
  private let whole: Int
  /// The last line of a picture that did not fail.
  private let last: String

  /// The number of inputs that the file has results of.
  public var count: Int { done + failed }

  init(_ path: String, _ inputs: PictureInputs, on console: Console) throws(Failure) {
    self.path = path
    let file: AppendedFile
    do { file = try AppendedFile(path) } catch { throw Failure(.output, "--resume: \(told(error))") }
    var (done, failed, whole, index) = (0, 0, 0, 0)
    var last = ""
    func refuse(_ found: String, _ expected: String) -> Failure {
      Failure(
        .usage,
        "--resume \(path): line \(index + 1) is \(found), expected \(expected); repeat the command with the pictures and "
          + "options that it began with, or name another file")
    }
    try FileLines.forEach(
      of: path, separator: UInt8(ascii: "\n"), limit: .max, .datasetBytes,
      refused: { Failure(.output, "--resume: \(told($0))") }
    ) { (line, isWhole) throws(Failure) in
      guard index < inputs.count else { throw refuse("there", "no more than one for each of \(inputs.count) pictures") }
      let name = inputs.name(index)
      let begin = Array("{\"image\": \(JSON.string(name).text), ".utf8)
      // The last line may have been cut at any byte.
      guard isWhole ? line.starts(with: begin) : line.starts(with: begin.prefix(line.count)) else {
        throw refuse("not about \(name)", "its results")
      }
      guard isWhole else { return }
      if line.dropFirst(begin.count).starts(with: "\"error\": ".utf8) {
        failed += 1
      } else {
        done += 1
        last = String(decoding: line, as: UTF8.self)
      }
      whole += line.count + 1
      index += 1
    }
    (self.done, self.failed, self.last, self.whole, self.file) = (done, failed, last, whole, file)
    self.console = console.writing(to: file)
  }

  /// Ends a run of which nothing is left to be done.
  public func end() throws {
    if count > 1 { console.note("\(done) done, \(failed) failed") }
    try (failed > 0 ? ExitStatus.inputs : .done).end()
  }

  /// Removes a last line that was cut in half, so that the results of this run follow.
  ///
  /// - Parameter model: the name of the model in the results.
  /// - Throws: `Failure` with status `usage` for results of another model.
  public func begin(with model: String) throws(Failure) {
    guard last.isEmpty || last.firstRange(of: ", \"model\": \(JSON.string(model).text), ") != nil else {
      throw Failure(
        .usage, "--resume \(path): has results of another model than \(model); name that model, or another file")
    }
    do { try file.cut(to: whole) } catch { throw Failure(.output, "--resume: \(told(error))") }
  }
}

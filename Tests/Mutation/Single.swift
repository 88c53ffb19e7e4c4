import ArgumentParser
import Files
import HostileFiles

/// Reads one file as given, with little memory and time.
struct Single {
  let mutate: Mutate
  let format: HostileFormat

  init(_ mutate: Mutate, _ format: HostileFormat) {
    self.mutate = mutate
    self.format = format
  }

  /// - Throws: status 1 for a file that is refused, 2 for a violation of the reader's contract.
  func run(_ path: String) throws {
    _ = Seed.all(format).first.map { format.read($0.bytes) }
    let file = try MappedFile(path: path, .fileBytes, of: .standard)
    let bytes = file.array(at: 0, count: file.count) ?? []
    Confinement.limitMemory(to: mutate.memory)
    Confinement.limitTime(to: mutate.seconds)
    switch format.read(bytes, .standard) {
    case .accepted: print("accepted")
    case .refused(let words):
      print(words)
      throw ExitCode(1)
    case .wrong(let words):
      print(words)
      throw ExitCode(2)
    }
  }
}

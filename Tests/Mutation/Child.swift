import HostileFiles

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A process that reads files one after another, until one of them ends it.
struct Child {
  let mutate: Mutate
  let format: HostileFormat
  private let progress: Progress

  init(_ mutate: Mutate, _ format: HostileFormat, progress path: String) throws {
    self.mutate = mutate
    self.format = format
    progress = try Progress(path)
  }

  func run() throws {
    let mutator = try mutate.mutator(format)
    // The libraries allocate their tables before the memory is measured.
    _ = format.read(mutator.file(0))
    Confinement.limitMemory(to: mutate.memory)
    var accepted = 0
    var reasons: [String: Int] = [:]
    for index in mutate.first..<mutate.first + mutate.count {
      progress.index = index
      Confinement.limitTime(to: mutate.seconds)
      switch format.read(mutator.file(index)) {
      case .accepted: accepted += 1
      case .refused(let words): reasons[Child.plain(words), default: 0] += 1
      case .wrong(let words):
        print("WRONG \(index) \(words)")
        fflush(nil)
      }
    }
    print("ACCEPTED \(accepted)")
    print("PEAK \(Confinement.peak)")
    for (reason, count) in reasons.sorted(by: { ($1.value, $0.key) < ($0.value, $1.key) }).prefix(100) {
      print("REASON \(count) \(reason)")
    }
  }

  /// A message without the numbers and names that are specific to a file.
  private static func plain(_ words: String) -> String {
    var text = ""
    var isQuoted = false
    for character in words.dropFirst("file: ".count) {
      if character == "\"" { isQuoted.toggle() }
      if isQuoted { continue }
      if character.isNumber { if text.last != "#" { text.append("#") } } else { text.append(character) }
    }
    return String(text.prefix(100))
  }
}

/// The index of the current file, in a page that outlives the process.
@safe final class Progress {
  private let page: UnsafeMutablePointer<Int>

  init(_ path: String) throws {
    let descriptor = unsafe open(path, O_RDWR | O_CREAT, 0o600)
    guard descriptor >= 0, ftruncate(descriptor, 4096) == 0,
      let memory = unsafe mmap(nil, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0),
      unsafe memory != MAP_FAILED
    else { throw ProgressError(path: path) }
    close(descriptor)
    unsafe page = memory.bindMemory(to: Int.self, capacity: 1)
  }

  deinit { unsafe munmap(page, 4096) }

  var index: Int {
    get { unsafe page.pointee }
    set { unsafe page.pointee = newValue }
  }
}

struct ProgressError: Error, CustomStringConvertible {
  let path: String
  var description: String { "\(path): cannot be mapped" }
}

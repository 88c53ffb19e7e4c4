import TestSupport
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Every output of every program is whole or missing, and an existing file survives every failure.
@Suite(.timeLimit(.minutes(20))) struct OutputTests {
  let work: Workplace

  init() throws { work = try Workplace() }

  /// Runs a command that must fail to write, and checks the remaining files.
  private func expectRefusal(_ one: OutputCase, script: String, _ words: String...) throws {
    let before = try work.contents()
    let ending = try work.run(one.program, one.arguments, environment: one.environment(work), script: script)
    #expect(ending.status == 4, "\(ending.errors)")
    #expect(ending.bytes.isEmpty, "\(ending.output)")
    #expect(words.contains { ending.errors.contains($0) }, "\(ending.errors)")
    #expect(ending.errors.contains("out/") && ending.errors.contains("cannot write the file"), "\(ending.errors)")
    #expect(try work.contents() == before)
    for output in one.outputs { #expect(try work.bytes(output) == OutputCase.old, "\(output)") }
  }

  @Test("a file at its size limit is an output failure, and the old file stays", arguments: OutputCase.all)
  func sizeLimit(one: OutputCase) throws {
    try one.prepare(work)
    try one.setUp(work, old: true)
    // One block of 512 bytes, which is enough for the lines on standard error.
    try expectRefusal(one, script: "ulimit -f 1; exec \"$@\"", "File too large")
  }

  @Test("a folder that cannot be written to is an output failure, and the old file stays", arguments: OutputCase.all)
  func unwritableFolder(one: OutputCase) throws {
    try one.prepare(work)
    try one.setUp(work, old: true)
    // The superuser may write to any folder except an immutable one.
    let script =
      "chmod 555 out; chattr +i out 2>/dev/null; [ $(id -u) != 0 ] || lsattr -d out | grep -q -e -i- || exit 99"
    let lock = try work.run(.detect, [], script: script)
    defer { _ = try? work.run(.detect, [], script: "chattr -i out 2>/dev/null; chmod 755 out") }
    guard lock.status == 0 else {
      print("skipped: as the superuser this needs `chattr +i`, which this file system does not have")
      return
    }
    try expectRefusal(one, script: "exec \"$@\"", "Operation not permitted", "Permission denied")
  }

  private static let canMount =
    (try? Workplace().run(.detect, [], script: "unshare -m mount -t tmpfs small folder"))?
    .status == 0

  @Test(
    "a full disk is an output failure, and the old file stays",
    .enabled(if: canMount, "mounts a disk of a megabyte, for which it needs to be the superuser of Linux"),
    arguments: OutputCase.all)
  func fullDisk(one: OutputCase) throws {
    try one.prepare(work)
    try one.setUp(work, old: true)
    // In a mount namespace of its own, whose disk is removed with the process: the remaining files are checked in
    // there.
    let old = String(decoding: OutputCase.old.dropLast(), as: UTF8.self)
    let script = """
      mount -t tmpfs -o size=1m small out || exit 99
      for f in \(one.outputs.joined(separator: " ")); do echo '\(old)' >$f; done
      dd if=/dev/zero of=out/filler bs=4096 status=none 2>/dev/null
      # Room for the smallest parts, not for the whole.
      ls -A out >before
      "$@"
      status=$?
      ls -A out | cmp - before || status=98
      for f in \(one.outputs.joined(separator: " ")); do echo '\(old)' | cmp - $f || status=97; done
      exit $status
      """
    let ending = try work.run(
      one.program, one.arguments, environment: one.environment(work),
      script: "exec unshare -m /bin/sh -c '\(script.replacing("'", with: "'\\''"))' sh \"$@\"")
    #expect(ending.status == 4, "\(ending.output)\(ending.errors)")
    #expect(ending.errors.contains("No space left on device"), "\(ending.errors)")
  }

  @Test("outputs are whole or missing under any memory limit")
  func littleMemory() throws {
    for one in [OutputCase.all[0], OutputCase.all[2], OutputCase.all[4]] {
      try one.setUp(work, old: true)
      let whole = try work.run(one.program, one.arguments)
      #expect(whole.status == 0, "\(whole.errors)")
      let expected = try work.bytes(one.outputs[0])
      var (finished, refused) = (0, 0)
      // In kilobytes: from too little for the libraries to enough for everything.
      for limit in stride(from: 16_000, through: 496_000, by: 40_000) {
        try one.setUp(work, old: true)
        let ending = try work.run(one.program, one.arguments, script: "ulimit -v \(limit); ulimit -c 0; exec \"$@\"")
        let found = try work.bytes(one.outputs[0])
        #expect(found == (ending.status == 0 ? expected : OutputCase.old), "\(limit) KB: \(ending.status)")
        if ending.status == 0 { finished += 1 } else { refused += 1 }
        #expect(try work.strays().isEmpty)
      }
      #expect(refused > 0 && finished > 0, "\(one): \(refused) runs had too little memory, \(finished) had enough")
    }
  }

  /// Kills commands at random moments and checks the remaining files.
  ///
  /// - Parameters:
  ///   - count: the number of kills, distributed over the commands.
  ///   - script: the shell script that starts a command.
  /// - Returns: the number of killed runs, and of the temporary files that remained until the next output.
  private func kill(
    _ cases: [OutputCase], count: Int, script: String = "exec \"$@\"", seed: UInt64
  ) throws -> (killed: Int, strays: Int) {
    var random = SplitMix64(seed: seed)
    var (killed, strays) = (0, 0)
    for (number, one) in cases.enumerated() {
      try one.prepare(work)
      try one.setUp(work, old: false)
      let environment = one.environment(work)
      let began = ProcessFacts.now
      let whole = try work.run(one.program, one.arguments, environment: environment, script: script)
      let seconds = ProcessFacts.now - began
      #expect(whole.status == 0, "\(one): \(whole.errors)")
      let expected = try one.outputs.map(work.bytes)
      let names = Set(try work.contents().keys)
      for _ in 0..<(count * (number + 1) / cases.count - count * number / cases.count) {
        let hasOld = random.integer(in: 0...3) > 0
        try one.setUp(work, old: hasOld)
        let child = try Child(
          one.program, one.arguments, in: work, environment: environment, input: "", script: script)
        // Later moments are more frequent, since outputs are written near the end.
        ProcessFacts.sleep(seconds: seconds * 1.1 * Double(max(random.unit(), random.unit())))
        child.send(SIGKILL)
        if try child.wait().status == 128 + SIGKILL { killed += 1 }
        for (output, whole) in zip(one.outputs, expected) {
          let found = try? work.bytes(output)
          #expect(found == whole || found == (hasOld ? OutputCase.old : nil), "\(one): \(output)")
        }
        let left = try work.strays()
        strays += left.count { $0.hasPrefix("here/out/.tmp-backbone-") && $0.split(separator: "/").count == 3 }
        #expect(Set(try work.contents().keys).subtracting(left).isSubset(of: names), "\(one)")
      }
      // The next run removes the remaining temporary files.
      let last = try work.run(one.program, one.arguments, environment: environment, script: script)
      #expect(last.status == 0, "\(one): \(last.errors)")
      #expect(try work.strays().isEmpty && Set(work.contents().keys) == names, "\(one)")
    }
    print("\(killed) of \(count) runs killed, \(strays) temporary files left until the next output")
    return (killed, strays)
  }

  // Training takes seconds and has its own test.
  private static let quick = OutputCase.all.filter { $0.arguments.first != "train" }

  /// `BACKBONE_SOAK_KILLS` is the number of kills.
  @Test("a program killed at any moment leaves old or new files, and no others")
  func kills() throws {
    let count = Soak.count("KILLS", short: 60, full: 200)
    let (killed, strays) = try kill(Self.quick, count: count, seed: 71)
    #expect(killed > count / 4)
    // The instant between two system calls is hit once in thousands of kills.
    #expect(strays <= 2)
  }

  /// With a umask of zero, files have a temporary name from the beginning, as on file systems without unnamed files.
  @Test("if files need a temporary name, the next output removes those of a killed program")
  func killsOfNamedFiles() throws {
    let count = Soak.count("KILLS", short: 60, full: 200) / 3
    let (killed, _) = try kill(Self.quick, count: count, script: "umask 0; exec \"$@\"", seed: 72)
    #expect(killed > count / 4)
  }

  private static let published = "models/deeplabv3_257_mv_gpu.tflite"

  @Test(
    "a killed fetch leaves the old or the new model, and its temporary folder until the next fetch",
    .enabled(if: TestData.has(published), Comment(rawValue: TestData.absence(of: published))))
  func killedFetches() throws {
    let copy = try #require(TestData.path(Self.published))
    let one = OutputCase(
      .backbone, "models fetch deeplab-voc --from \(copy)", "out/deeplab-voc.safetensors",
      "out/deeplab-voc.safetensors.sha256", models: "out")
    let (killed, _) = try kill([one], count: Soak.count("KILLS", short: 60, full: 200) / 6, seed: 73)
    #expect(killed > 0)
  }

  @Test("the next output removes the temporary file of a killed program, but not one in use")
  func strays() throws {
    try work.makeFolder("out")
    let (stray, used) = ("out/.tmp-backbone-0123456789abcdef", "out/.tmp-backbone-fedcba9876543210")
    let others = ["out/.tmp-backbone-0123456789abcde", "out/.tmp-backbone-0123456789abcdefg", "out/.tmp-other"]
    for name in [stray, used] + others { try work.write([1, 2, 3], to: name) }
    let descriptor = unsafe open("\(work.here)/\(used)", O_RDONLY | O_CLOEXEC)
    defer { close(descriptor) }
    try #require(flock(descriptor, LOCK_EX) == 0)
    let one = OutputCase.all[0]
    #expect(try work.run(one.program, one.arguments).status == 0)
    #expect(
      Set(try work.contents().keys.filter { $0.hasPrefix("here/out/") })
        == Set(([used] + others + one.outputs).map { "here/\($0)" }))
  }
}

extension Workplace {
  /// The names of remaining temporary files and folders.
  func strays() throws -> [String] { try contents().keys.filter { $0.contains(".tmp") } }
}

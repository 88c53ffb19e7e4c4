#if os(Linux)
  import TestSupport
  import Testing

  /// The programs' use of the machine: no network, and as many threads as allowed.
  @Suite struct SurroundingsTests {
    let work: Workplace

    init() throws { work = try Workplace() }

    private static func can(_ script: String) -> Bool {
      (try? Workplace().run(.detect, [], script: script))?.status == 0
    }

    private static let commands: [(Program, String)] = [
      (.detect, "a.png b.png --model % --format json --out out/"),
      (.detect, "a.png"),
      (.segment, "a.png --model % --out m.png --overlay o.png"),
      (.segment, "a.png --out m.png"),
      (.backbone, "features a.png --model tiny-detector --tap last --out f.npy"),
    ]

    @Test(
      "no program opens a socket, with or without its model",
      .enabled(if: can("strace -f -e trace=%network -o t.txt true"), "needs strace, and leave to trace"),
      arguments: commands)
    func noSocket(program: Program, line: String) throws {
      let ending = try work.run(
        program, [String](words: line, of: program), script: "exec strace -f -e trace=%network -o t.txt \"$@\"")
      #expect([0, 3].contains(ending.status), "\(ending.errors)")
      // The ends of threads, and no other lines.
      let calls = String(decoding: try work.bytes("t.txt"), as: UTF8.self).split(separator: "\n")
      #expect(calls.contains { $0.contains("+++ exited with \(ending.status) +++") })
      #expect(calls.allSatisfy { $0.contains("+++") || $0.contains("---") }, "\(calls)")
    }

    @Test(
      "without a network the results are the same",
      .enabled(if: can("unshare -n true"), "needs leave for a name space without a network"), arguments: commands)
    func noNetwork(program: Program, line: String) throws {
      let arguments = [String](words: line, of: program)
      let usual = try work.run(program, arguments)
      let alone = try work.run(program, arguments, script: "exec unshare -n \"$@\"")
      #expect(alone.status == usual.status && alone.bytes == usual.bytes && alone.errors == usual.errors)
    }

    @Test("no program is linked to functions that open connections", arguments: Program.allCases)
    func noSymbol(program: Program) throws {
      let bytes = try work.bytes(try program.path())
      for name in ["socket", "connect", "getaddrinfo", "gethostbyname", "sendto", "recvfrom"] {
        // The form of a name in the symbol table.
        #expect(!bytes.contains([0] + Array(name.utf8) + [0]), "\(name)")
      }
      #expect(bytes.contains([0] + Array("openat".utf8) + [0]) || bytes.contains([0] + Array("open".utf8) + [0]))
    }

    /// The number of threads in the output of `bench`.
    private func threads(_ script: String = "exec \"$@\"") throws -> Int? {
      let ending = try work.run(
        .backbone, ["bench", "classify", "--random-init", "--runs", "1", "--size", "33"], script: script)
      if ending.status == 99 { return nil }
      #expect(ending.status == 0, "\(ending.errors)")
      let words = ending.output.split(whereSeparator: \.isWhitespace)
      let place = try #require(words.firstIndex { $0.hasPrefix("thread") })
      return Int(words[place - 1])
    }

    @Test("threads follow the affinity mask", .enabled(if: can("taskset -V"), "needs taskset"))
    func affinity() throws {
      // A list such as "0-3,8"; of the first thread, since pools move the threads that call them.
      let allowed = try #require(ProcessFacts.allowedProcessors(thread: ProcessFacts.processThread))
      let processors =
        allowed
        .split(separator: ",").flatMap { part in
          let ends = part.split(separator: "-").compactMap { Int($0) }
          return ends.isEmpty ? [] : Array(ends[0]...ends[ends.count - 1])
        }
      #expect(try threads("exec taskset -c \(processors[0]) \"$@\"") == 1)
      if processors.count > 1 {
        #expect(try threads("exec taskset -c \(processors[0]),\(processors[1]) \"$@\"") == 2)
      }
    }

    @Test("threads follow the cgroup's quota")
    func quota() throws {
      /// The number of threads in a cgroup with a quota of that many hundredths of a processor.
      func within(_ hundredths: Int) throws -> Int? {
        try threads(
          """
          for root in /sys/fs/cgroup/cpu /sys/fs/cgroup; do
            group=$root/backbone-test-$$
            mkdir $group 2>/dev/null || continue
            if [ -e $group/cpu.cfs_quota_us ]; then
              echo 100000 >$group/cpu.cfs_period_us; echo \(hundredths * 1000) >$group/cpu.cfs_quota_us
            elif [ -e $group/cpu.max ]; then
              echo "\(hundredths * 1000) 100000" >$group/cpu.max
            else
              rmdir $group; continue
            fi
            /bin/sh -c 'echo $$ >$0/cgroup.procs && exec "$@"' $group "$@"
            status=$?
            rmdir $group
            exit $status
          done
          exit 99
          """)
      }
      guard let one = try within(100) else {
        print("skipped: no group with a quota can be made here")
        return
      }
      #expect(one == 1)
      // A fraction of a processor counts as one, and no quota gives more threads than processors.
      #expect(try within(30) == 1)
      let all = try threads()
      #expect(try within(150) == min(2, all!))
      #expect(try within(100_000) == all)
    }
  }
#endif

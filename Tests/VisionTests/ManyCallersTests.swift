import Backbone
import Dispatch
import ImageTypes
import TestSupport
import Testing
import Vision

private let callers = 32

/// Any number of callers of one model, for a while: every output is bitwise correct, and memory does not grow.
///
/// The test has its own process, so that no other test's memory is counted. `BACKBONE_SOAK_SECONDS` is the duration.
@Suite(.timeLimit(.minutes(30))) struct ManyCallersTests {
  /// Images with their expected outputs, and the models shared by all callers.
  private struct Work: Sendable {
    let pictures: [Image]
    let detector: Detector
    let segmenter: Segmenter
    let found: [[Detection]]
    let masks: [Mask]

    init() throws {
      pictures = [(96, 96), (40, 70), (201, 110), (33, 33), (350, 251), (1, 120)].enumerated().map { index, size in
        SmallModels.picture(size.0, size.1, seed: UInt64(index))
      }
      let session = Session(threads: 2)
      let (boxes, outlines) = (SmallModels.detector(), try SmallModels.segmenter())
      detector = try Detector(boxes, session: session)
      segmenter = try Segmenter(outlines, session: session)
      // With separate models on one thread.
      let (first, second) = (try Detector(boxes, threads: 1), try Segmenter(outlines, threads: 1))
      found = try pictures.map { try first.detect($0) }
      masks = try pictures.map { try second.segment($0) }
    }

    func isRight(sync index: Int, _ wantsBoxes: Bool) -> Bool {
      wantsBoxes
        ? (try? detector.detect(pictures[index])) == found[index]
        : (try? segmenter.segment(pictures[index])) == masks[index]
    }

    func isRight(_ index: Int, _ wantsBoxes: Bool) async -> Bool {
      wantsBoxes
        ? (try? await detector.detect(pictures[index])) == found[index]
        : (try? await segmenter.segment(pictures[index])) == masks[index]
    }
  }

  @Test func allCallersAgreeToTheBitAndMemoryStaysFlat() async {
    let child = await #expect(processExitsWith: .success, observing: [\.standardOutputContent]) {
      let seconds = Double(Soak.count("SECONDS", short: 5, full: 60))
      let work = try Work()
      let (right, wrong, ready, over) = (Counter(), Counter(), Counter(), Counter())
      // A caller's requests: each image of both models first, so that all memory is allocated, then any.
      @Sendable func question(_ number: Int, _ random: inout SplitMix64) -> (index: Int, wantsBoxes: Bool) {
        let kinds = 2 * work.pictures.count
        if number == kinds { ready.add() }
        return number < kinds
          ? (number / 2, number % 2 == 0)
          : (random.integer(in: 0...work.pictures.count - 1), random.integer(in: 0...1) == 0)
      }
      // Half of the callers are threads, the others are tasks.
      DispatchQueue(label: "threads").async {
        onThreads(callers / 2) { caller in
          var random = SplitMix64(seed: UInt64(caller))
          var number = 0
          while over.value == 0 {
            let (index, kind) = question(number, &random)
            if work.isRight(sync: index, kind) { right.add() } else { wrong.add() }
            number += 1
          }
        }
      }
      let asynchronous = Task {
        await withTaskGroup(of: Void.self) { group in
          for caller in callers / 2..<callers {
            group.addTask {
              var random = SplitMix64(seed: UInt64(caller))
              var number = 0
              while over.value == 0 {
                let (index, kind) = question(number, &random)
                if await work.isRight(index, kind) { right.add() } else { wrong.add() }
                number += 1
              }
            }
          }
        }
      }
      while ready.value < callers { ProcessFacts.sleep(seconds: 0.005) }
      let begin = ProcessFacts.now
      /// The peak of the resident memory in a part of the time.
      func peak(from: Double, to: Double) -> Int {
        var peak = 0
        while ProcessFacts.now < begin + to * seconds {
          if ProcessFacts.now >= begin + from * seconds { peak = max(peak, ProcessFacts.residentBytes) }
          ProcessFacts.sleep(seconds: 0.005)
        }
        return peak
      }
      #if os(Linux)
        let early = peak(from: 0.4, to: 0.6)
        let late = peak(from: 0.8, to: 1)
      #else
        let (early, late) = (peak(from: 0, to: 0.5), 0)
      #endif
      over.add()
      await asynchronous.value
      print("\(right.value) answers for \(callers) callers in \(seconds) s, \(late - early) bytes more of \(early)")
      #expect(wrong.value == 0)
      #expect(right.value >= callers)
      // The difference of the two peaks is the working memory of a few callers, including a head's maps.
      if !ProcessFacts.isSanitized { #expect(late - early <= 8 << 20) }
    }
    print(String(decoding: child?.standardOutputContent ?? [], as: UTF8.self), terminator: "")
  }

  #if os(Linux)
    /// Waiting images are freed when their tasks are cancelled, while the queue is still blocked.
    @Test(.enabled(if: !ProcessFacts.isSanitized, "a sanitizer keeps memory"))
    func cancelledCallsGiveTheirMemoryBack() async {
      await #expect(processExitsWith: .success) {
        let detector = try Detector(SmallModels.detector(), threads: 1)
        let segmenter = try Segmenter(SmallModels.segmenter(), session: detector.network.session)
        let gate = DispatchSemaphore(value: 0)
        let began = DispatchSemaphore(value: 0)
        let holder = Task {
          try await detector.network.session.run {
            began.signal()
            gate.wait()
          }
        }
        while began.wait(timeout: .now()) != .success { await Task.yield() }
        let before = ProcessFacts.residentBytes
        let size = 1500
        let tasks = (0..<24).map { index in
          Task {
            let picture = Image(
              width: size, height: size, pixels: [UInt8](repeating: UInt8(index), count: size * size * 3))
            if index % 2 == 0 {
              _ = try await detector.detect(picture)
            } else {
              _ = try await segmenter.segment(picture)
            }
          }
        }
        let bytes = tasks.count * size * size * 3
        let deadline = ProcessFacts.now + 20
        while ProcessFacts.residentBytes - before < bytes * 9 / 10, ProcessFacts.now < deadline {
          await Task.yield()
        }
        let waiting = ProcessFacts.residentBytes - before
        #expect(waiting >= bytes * 9 / 10, "\(waiting) bytes of \(bytes) wait")
        for task in tasks { task.cancel() }
        for task in tasks { await #expect(throws: CancellationError.self) { try await task.value } }
        let left = ProcessFacts.residentBytes - before
        #expect(left <= bytes / 10, "\(left) bytes of \(bytes) are left")
        gate.signal()
        try await holder.value
      }
    }

    @Test func cancelledCallsHoldNoModel() async throws {
      weak var forgotten: Detector?
      do {
        let detector = try Detector(SmallModels.detector(), threads: 1)
        forgotten = detector
        let picture = SmallModels.picture(50, 60, seed: 1)
        let tasks = (0..<20).map { _ in Task { try await detector.detect(picture) } }
        for task in tasks.dropFirst() { task.cancel() }
        for task in tasks { _ = try? await task.value }
      }
      let deadline = ProcessFacts.now + 20
      while forgotten != nil, ProcessFacts.now < deadline { await Task.yield() }
      #expect(forgotten == nil)
    }
  #endif
}

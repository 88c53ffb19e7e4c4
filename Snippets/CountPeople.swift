// Counts the people in a folder of pictures. One detector of one thread a core is the fastest way through many pictures; their
// weights are there once.
import Foundation
import Models

let folder = "Samples"
let names = try FileManager.default.contentsOfDirectory(atPath: folder).sorted().filter {
  $0.hasSuffix(".png") || $0.hasSuffix(".jpg")
}
let (single, cores) = (try Detector("person-ssdlite", threads: 1), WorkerPool.usableProcessors)
let counts = try await withThrowingTaskGroup(of: [(name: String, people: Int)].self) { group in
  for core in 0..<cores {
    let own = single.running(on: Session(threads: 1))
    group.addTask {
      var counts: [(name: String, people: Int)] = []
      for index in stride(from: core, to: names.count, by: cores) {
        let found = try await own.detect(ImageFile.read(path: "\(folder)/\(names[index])"))
        counts.append((names[index], found.count))
      }
      return counts
    }
  }
  var all: [(name: String, people: Int)] = []
  for try await counts in group { all += counts }
  return all
}
for one in counts.sorted(by: { $0.name < $1.name }) { print(one.name, one.people) }

import Datasets
import TestSupport
import Testing

@Suite struct SplitTests {
  private func dataset(_ count: Int, prefix: String = "p") -> Dataset {
    Dataset(
      formats: [.yolo], classes: [.init(name: "background", id: 0), .init(name: "cat", id: 3)],
      samples: (0..<count).map { Sample(path: "", name: "\(prefix)\($0)", width: 1, height: 1, boxes: [], mask: nil) },
      skipped: [.missing(file: "images/broken.jpg", expected: "")])
  }

  @Test(arguments: ["every:5", "every:7+3", "fraction:0.25@9", "list:a/b.txt", "none"])
  func textAndBack(text: String) throws {
    #expect(try Split(parsing: text).description == text)
  }

  @Test(arguments: [
    "", "every", "every:1", "every:0", "every:5+5", "every:5+-1", "every:x", "fraction:1", "fraction:0", "fraction:nan",
    "fraction:0.5@x", "list:", "none:1", "half", "every:5+1+1",
  ]) func otherTextIsRefused(text: String) {
    let error = #expect(throws: DatasetError.self) { try Split(parsing: text) }
    #expect(error?.description.contains("expected") == true)
  }

  @Test func everyNth() throws {
    let (training, validation) = try dataset(11).split(by: .every(4, offset: 1))
    #expect(validation.samples.map(\.name) == ["p1", "p5", "p9"])
    #expect(training.samples.count == 8)
    #expect(training.samples.first?.name == "p0")
  }

  @Test func fractionsGoByName() throws {
    let all = dataset(1000)
    let (training, validation) = try all.split(by: .fraction(0.2, seed: 3))
    #expect((training.samples.count, validation.samples.count) == (800, 200))
    // A shorter data set has nearly the same split.
    let shorter = try dataset(990).split(by: .fraction(0.2, seed: 3)).validation
    let names = Set(validation.samples.map(\.name))
    #expect(shorter.samples.count { names.contains($0.name) } >= 188)
    let other = try all.split(by: .fraction(0.2, seed: 4)).validation
    #expect(1..<100 ~= other.samples.count { names.contains($0.name) })
    #expect(validation.samples.map(\.name) == all.samples.map(\.name).filter { names.contains($0) })
  }

  @Test func listsOfNames() throws {
    try Fixture.withFolder { folder in
      try Fixture.write("p3\n\np1  1\nbroken\n", "\(folder)/val.txt")
      #expect(
        try dataset(5).split(by: .list(path: "\(folder)/val.txt")).validation.samples.map(\.name) == ["p1", "p3"])
      try Fixture.write("p3\nq\n", "\(folder)/bad.txt")
      let error = #expect(throws: DatasetError.self) { try dataset(5).split(by: .list(path: "\(folder)/bad.txt")) }
      #expect(error?.description.contains("bad.txt: line 2") == true)
      #expect(throws: DatasetError.self) { try dataset(5).split(by: .list(path: "\(folder)/none.txt")) }
    }
  }

  @Test(arguments: ["person", "person,vehicle=car+bus,void=unlabeled"])
  func mappingsAsText(text: String) throws {
    #expect(try ClassMapping(parsing: text).description == text)
  }

  @Test(arguments: ["", "a,,b", "a,a", "a=b+b", "a=b,c=b", "=a", "a=", "a,void=a", "void=a"])
  func otherMappingsAreRefused(text: String) {
    #expect(throws: DatasetError.self) { try ClassMapping(parsing: text) }
  }

  @Test func mappingsNeedAClassThatIsThere() throws {
    let mapped = try dataset(2).mapped(by: ClassMapping(parsing: "pet=dog+cat"))
    #expect(mapped.classes == [.init(name: "background", id: 0), .init(name: "pet", id: 3)])
    let error = #expect(throws: DatasetError.self) { try dataset(2).mapped(by: ClassMapping(parsing: "pet=dog+cow")) }
    #expect(error?.description.contains("dog or cow") == true)
  }

  @Test func joiningNeedsTheSameClasses() throws {
    let joined = try dataset(2).joined(with: dataset(3, prefix: "q"))
    #expect(joined.samples.map(\.name) == ["p0", "p1", "q0", "q1", "q2"])
    let other = try dataset(1).mapped(by: ClassMapping(parsing: "kitten=cat"))
    #expect(throws: DatasetError.self) { try dataset(1).joined(with: other) }
  }
}

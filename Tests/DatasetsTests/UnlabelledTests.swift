import Datasets
import ImageTypes
import TestSupport
import Testing

/// Images without annotations, for a teacher.
@Suite struct UnlabelledTests {
  /// Six images; the even ones have masks.
  private func make(_ folder: String) throws {
    for index in 0..<6 {
      try Fixture.picture("\(folder)/images/p\(index).png")
      if index % 2 == 0 {
        try Fixture.mask("\(folder)/masks/p\(index).png", [UInt8](repeating: 7, count: 1200))
      }
    }
    try Fixture.write("classes:\n  0: background\n  3: cat\n  7: dog\n", "\(folder)/masks.yaml")
  }

  private func open(_ folder: String) throws -> Dataset {
    var options = Dataset.Options()
    options.keepsUnlabelled = true
    return try Dataset.open(folder, options)
  }

  private func names(_ dataset: Dataset) -> [String] { dataset.samples.map(\.name) }

  @Test func theyAreSamplesWhereTheyAreWanted() throws {
    try Fixture.withFolder { folder in
      try make(folder)
      #expect(names(try Dataset.open(folder)) == ["p0", "p2", "p4"])
      let all = try open(folder)
      #expect(names(all) == ["p0", "p1", "p2", "p3", "p4", "p5"])
      #expect(all.samples.map { $0.mask != nil } == [true, false, true, false, true, false])
    }
  }

  @Test func theSameAreKeptApartWhateverLiesBeside() throws {
    try Fixture.withFolder { folder in
      try make(folder)
      let isLabelled = { (sample: Sample) in sample.mask != nil }
      let (training, validation) = try open(folder).split(by: .every(2, offset: 0), where: isLabelled)
      #expect(names(validation) == ["p0", "p4"])
      #expect(names(validation) == names(try Dataset.open(folder).split(by: .every(2, offset: 0)).validation))
      #expect(names(training) == ["p1", "p2", "p3", "p5"])
      // Validation images of a list are not used for training, with or without a mask.
      try Fixture.write("p1\np2\n", "\(folder)/held.txt")
      let listed = try open(folder).split(by: .list(path: "\(folder)/held.txt"), where: isLabelled)
      #expect(names(listed.validation) == ["p2"])
      #expect(names(listed.training) == ["p0", "p3", "p4", "p5"])
    }
  }

  @Test func mapsFillWhatIsOpen() throws {
    try Fixture.withFolder { folder in
      try make(folder)
      // Masks of an image with a mask, of one without, and of a missing one.
      for (index, place) in [(0, 1), (1, 2), (9, 1)] {
        try Fixture.mask("\(folder)/maps/p\(index).png", [UInt8(place)] + [UInt8](repeating: 255, count: 1199))
      }
      try Fixture.mask("\(folder)/maps/p3.png", [UInt8](repeating: 3, count: 1200))
      let filled = try open(folder).withMaps(from: "\(folder)/maps")
      func ids(_ index: Int) throws -> [UInt8]? { try filled.samples[index].readMask()?.ids }
      #expect(try ids(0) == [UInt8](repeating: 2, count: 1200))
      #expect(try ids(1) == [2] + [UInt8](repeating: 255, count: 1199))
      #expect(try ids(5) == nil)
      let mapped = try filled.mapped(by: ClassMapping(parsing: "dog"))
      #expect(try mapped.samples[1].readMask()?.ids.first == 1)
      // The third class is not one of the data's.
      let error = #expect(throws: DatasetError.self) { try ids(3) }
      #expect(error?.description.contains("maps/p3.png") == true && error?.description.contains("3") == true)
      #expect(throws: DatasetError.self) { try filled.withMaps(from: "\(folder)/none") }
    }
  }
}

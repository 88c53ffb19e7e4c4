import Datasets
import Files
import Tensors
import Testing

/// Images of one class each: in folders, and in a file.
@Suite struct ClassFolderTests {
  private func opened(strict: Bool = false, _ fill: (String) throws -> Void) throws -> Dataset {
    try Fixture.withFolder { folder in
      try fill(folder)
      var options = Dataset.Options()
      options.isStrict = strict
      return try Dataset.open(folder, options)
    }
  }

  private func pictures(_ names: String...) -> (String) throws -> Void {
    { folder in for name in names { try Fixture.picture("\(folder)/\(name)") } }
  }

  private func list(_ data: Dataset) -> [String] {
    data.samples.map { "\($0.name) \(data.classNames[$0.classIndex ?? 0])" }
  }

  @Test func foldersAreClasses() throws {
    let data = try opened { folder in
      try pictures("dog/1.png", "cat/b.png", "cat/deep/a.png", "background/1.png")(folder)
      try Fixture.write("notes", "\(folder)/about.txt")
      try Folder.make("\(folder)/empty")
    }
    #expect(data.formats == [.classes])
    #expect(data.classNames == ["(none)", "background", "cat", "dog"])
    #expect(data.classes.map(\.id) == [0, 0, 1, 2])
    #expect(list(data) == ["background/1 background", "cat/b cat", "cat/deep/a cat", "dog/1 dog"])
    #expect(data.withClass.samples.count == 4 && data.withBoxes.samples.isEmpty && data.withMasks.samples.isEmpty)
    let (training, validation) = try data.split(by: .every(2, offset: 0))
    #expect(list(training) == ["cat/b cat", "dog/1 dog"] && list(validation).count == 2)
  }

  @Test func whatIsNotInAFolderIsTold() throws {
    let data = try opened(pictures("dog/1.png", "cat/1.png", "cat/1.jpg", "stray.png"))
    #expect(data.samples.count == 2 && data.skipped.count == 2)
    let words = data.skipped.map(\.description).joined(separator: "\n")
    #expect(words.contains("stray.png") && words.contains("folder of its class") && words.contains("same name"))
    #expect(throws: DatasetError.self) { try opened(strict: true, pictures("dog/1.png", "cat/1.png", "stray.png")) }
    // Folders of other formats are not classes, and a single folder is not a data set.
    #expect(throws: DatasetError.self) { try opened(pictures("images/1.png", "other/1.png")) }
    #expect(throws: DatasetError.self) { try opened(pictures("one/1.png")) }
  }

  @Test func aFileNamesClasses() throws {
    let text = "image,class\r\nx/b.png, dog \na.png,\"cat, small\"\n\n\"c \"\"1\"\".png\",dog\n"
    let data = try opened { folder in
      try pictures("a.png", "x/b.png", "c \"1\".png", "unnamed.png")(folder)
      try Fixture.write(text, "\(folder)/classes.csv")
    }
    #expect(data.skipped.isEmpty)
    #expect(data.classNames == ["(none)", "cat, small", "dog"])
    #expect(list(data) == ["a cat, small", "c \"1\" dog", "x/b dog"])
  }

  @Test(arguments: [
    ("a.png", "line 1"), ("a.png,", "its class"), ("a.png,cat,dog", "its class"), ("a.png,\"cat", "its class"),
    ("../a.png,cat", "inside"), ("/a.png,cat", "inside"), ("a.txt,cat", "inside"), ("missing.png,cat", "missing.png"),
    ("a.png,cat\na.png,dog", "line 1"), ("image,class\n", "at least one picture"),
  ]) func wrongLinesAreTold(text: String, words: String) throws {
    let error = #expect(throws: DatasetError.self) {
      try opened(strict: true) { folder in
        try pictures("a.png")(folder)
        try Fixture.write(text, "\(folder)/classes.csv")
      }
    }
    #expect(error?.description.contains(words) == true, "\(error?.description ?? "")")
  }

  @Test func unwantedClassesLeave() throws {
    let data = try opened(pictures("cat/1.png", "dog/1.png", "cow/1.png", "ox/1.png", "rat/1.png"))
    let mapped = try data.mapped(by: ClassMapping(parsing: "pet=cat+dog,ox,void=cow"))
    #expect(list(mapped.withClass) == ["cat/1 pet", "dog/1 pet", "ox/1 ox"])
  }

  @Test func variantsKeepTheClass() throws {
    try Fixture.withFolder { folder in
      try pictures("cat/1.png", "cat/2.png", "cat/3.png", "dog/1.png")(folder)
      let data = try Dataset.open(folder)
      let stamps = Set(data.samples.map(\.stamp))
      #expect(stamps.contains { $0.hasSuffix("class 1") } && stamps.contains { $0.hasSuffix("class 2") })
      for augmentation in [Augmentation(width: 48, height: 48), .strong(width: 48, height: 48)] {
        let augmenter = try Augmenter(data, augmentation, seed: 1)
        for index in 0..<4 {
          for variant in 0..<3 {
            #expect(try augmenter.picture(index, variant: variant).classIndex == (index < 3 ? 1 : 2))
          }
        }
      }
      var mosaics = Augmentation(width: 48, height: 48)
      mosaics.mosaic = 1
      let classes = try (1..<40).map { try Augmenter(data, mosaics, seed: 1).picture(0, variant: $0).classIndex }
      #expect(classes.contains(nil) && classes.contains(1) && !classes.contains(2))
      // A dog is in fewer than half of the images; the class of the image alone counts.
      #expect(data.repeatFactors(threshold: 1).map { $0.rounded(.down) } == [1, 1, 1, 2])
    }
  }
}

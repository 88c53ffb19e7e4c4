import ImageTypes

/// A selection of a data set's classes, with new names.
///
/// All other classes become background.
///
/// As a text: `person` or `person,vehicle=car+bus+truck`. A class made of several takes all existing ones, so one
/// mapping serves data sets with different spellings (`tv=tv+tvmonitor`). Classes after `void=` become the ignore index
/// in masks and lose their boxes: `person,void=unlabeled`.
public struct ClassMapping: Hashable, Sendable, CustomStringConvertible {
  /// A target class and its source classes in the data set.
  public struct Target: Hashable, Sendable {
    /// The name of the class in the mapped data set.
    public let name: String
    /// The names of its classes in the data set, of which those that exist are joined.
    public let sources: [String]

    /// Creates a target, by default of the class with the same name.
    public init(_ name: String, from sources: [String]? = nil) {
      self.name = name
      self.sources = sources ?? [name]
    }
  }

  /// Class 1 and up.
  public let targets: [Target]
  /// Classes whose pixels become the ignore index.
  public let void: [String]

  /// Creates a mapping to target classes.
  ///
  /// - Parameters:
  ///   - targets: classes 1 and up, 1 to 254 of them.
  ///   - void: classes whose pixels become the ignore index.
  /// - Throws: `DatasetError.classes` for another number of targets, an empty name, or a name that occurs twice.
  public init(_ targets: [Target], void: [String] = []) throws(DatasetError) {
    let all = targets.flatMap(\.sources) + void
    guard (1...254).contains(targets.count), !all.contains(""), !targets.contains(where: \.name.isEmpty) else {
      throw .classes(expected: "1 to 254 named classes, for example person,vehicle=car+bus", found: "\(targets.count)")
    }
    for names in [all, targets.map(\.name)] {
      if let double = names.first(where: { name in names.count { $0 == name } > 1 }) {
        throw .classes(expected: "each name once", found: "\(double) several times")
      }
    }
    self.targets = targets
    self.void = void
  }

  /// Reads the text form.
  ///
  /// - Throws: `DatasetError.classes`.
  public init(parsing text: String) throws(DatasetError) {
    func trimmed(_ part: Substring) -> String {
      let isSpace: (Character) -> Bool = { $0.isWhitespace }
      return String(part.drop(while: isSpace).reversed().drop(while: isSpace).reversed())
    }
    var targets: [Target] = []
    var void: [String] = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      let sides = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(trimmed)
      let sources = sides[sides.count - 1].split(separator: "+", omittingEmptySubsequences: false).map(trimmed)
      if sides.count == 1 {
        targets.append(Target(sides[0]))
      } else if sides[0] == "void" {
        void += sources
      } else {
        targets.append(Target(sides[0], from: sources))
      }
    }
    try self.init(targets, void: void)
  }

  /// The text form, which `init(parsing:)` reads.
  public var description: String {
    let parts = targets.map { $0.sources == [$0.name] ? $0.name : "\($0.name)=\($0.sources.joined(separator: "+"))" }
    return (parts + (void.isEmpty ? [] : ["void=" + void.joined(separator: "+")])).joined(separator: ",")
  }
}

extension Dataset {
  /// The same samples with the selected classes only.
  ///
  /// - Throws: `DatasetError.classes` when the data set has no source class of a target.
  public func mapped(by mapping: ClassMapping) throws(DatasetError) -> Dataset {
    var newIndex = [Int](repeating: 0, count: classes.count)
    var newClasses = [DatasetClass(name: "background", id: 0)]
    for (offset, target) in mapping.targets.enumerated() {
      let sources = target.sources.compactMap { index(of: $0) }
      guard let first = sources.first else {
        throw .classes(expected: target.sources.joined(separator: " or "), found: classNames.joined(separator: ", "))
      }
      for source in sources { newIndex[source] = offset + 1 }
      newClasses.append(DatasetClass(name: target.name, id: classes[first].id))
    }
    for source in mapping.void.compactMap({ index(of: $0) }) { newIndex[source] = Int(Dataset.void) }
    let samples = samples.map { sample in
      let boxes = sample.boxes.compactMap { box -> TruthBox? in
        var box = box
        box.classIndex = newIndex[box.classIndex]
        return box.classIndex == 0 || box.classIndex == Int(Dataset.void) ? nil : box
      }
      var mask = sample.mask
      mask?.meaning = sample.mask!.meaning.mapped(newIndex)
      // A picture of a class outside the selection has no class any more.
      let classIndex = sample.classIndex.map { newIndex[$0] }.flatMap { $0 == 0 || $0 == Int(Dataset.void) ? nil : $0 }
      return sample.with(boxes: sample.hasBoxes ? boxes : nil, mask: mask, classIndex: classIndex)
    }
    return with(classes: newClasses, samples: samples)
  }
}

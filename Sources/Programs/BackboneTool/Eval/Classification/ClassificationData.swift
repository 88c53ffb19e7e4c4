import CLISupport
import Datasets
import ImageTypes
import ModelFiles
import Vision

/// The pictures of a data set that are of a class each.
struct ClassificationData {
  let classes: [EvalClass]
  /// A sample and the place of its class in `classes`.
  let samples: [(sample: Sample, classIndex: Int)]
  /// Pictures that the data set could not give.
  let skipped: Int

  /// - Throws: `Failure` when the data sets' classes are not those wanted, or not the same ones.
  init(_ datasets: [Dataset], _ mapping: ClassMapping?, limit: Int?) throws(Failure) {
    do throws(DatasetError) {
      var joined: Dataset?
      for dataset in datasets {
        var part = dataset
        if let mapping { part = try part.mapped(by: mapping) }
        joined = try joined?.joined(with: part.withClass) ?? part.withClass
      }
      let all = joined!
      var sources = all.classes.map { [$0.name] }
      if let mapping { for (index, target) in mapping.targets.enumerated() { sources[index + 1] = target.sources } }
      classes = zip(all.classes, sources).dropFirst().map { EvalClass(name: $0.name, sources: $1, ids: [$0.id]) }
      samples = all.samples.prefix(limit ?? .max).compactMap { one in one.classIndex.map { (one, $0 - 1) } }
      skipped = all.skipped.count
    } catch { throw Failure(.inputs, told(error)) }
  }
}

/// What a classifier says of one picture of a data set, in the data set's classes.
struct ClassificationAnswer {
  /// Which sample.
  let index: Int
  /// The place of its class among those that are measured.
  let truth: Int
  /// All of the model's classes, best first.
  let found: [Classification]
  /// The measured class of each of `found`; `nil` for those that the data does not know.
  let places: [Int?]

  /// The place of the best one.
  var prediction: Int? { places[0] }
  /// How many are before the true one, 0 for a right answer.
  var rank: Int { places.firstIndex(of: truth)! }
}

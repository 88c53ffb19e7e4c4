import CLISupport
import Datasets
import ImageTypes
import ModelFiles
import Vision

/// The images of a data set that have a class.
struct ClassificationData {
  let classes: [EvalClass]
  /// The samples, each with the index of its class in `classes`.
  let samples: [(sample: Sample, classIndex: Int)]
  /// The number of images that the data set could not provide.
  let skipped: Int

  /// - Throws: `Failure` if a wanted class is missing, or if the data sets have different classes.
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

/// A classifier's prediction for an image, in the data set's classes.
struct ClassificationAnswer {
  /// The index of the sample.
  let index: Int
  /// The index of its class among the measured classes.
  let truth: Int
  /// All of the model's classes, the best first.
  let found: [Classification]
  /// The measured class of each element of `found`; `nil` for classes that the data set does not have.
  let places: [Int?]

  /// The index of the best class.
  var prediction: Int? { places[0] }
  /// The number of classes with a better score than the true one; 0 for a correct prediction.
  var rank: Int { places.firstIndex(of: truth)! }
}

import ArgumentParser
import Backbone
import CLISupport
import Datasets
import Files
import ModelFiles
import Training

/// The source of a task's pictures.
struct DataOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      """
      A folder of pictures and ground truth, or the file that describes it: Pascal VOC, COCO, YOLO, LabelMe, CVAT, \
      Supervisely, images with masks, or a subfolder for each class. May be given several times.
      """,
      valueName: "folder"))
  var data: [String]

  @Option(
    help: ArgumentHelp(
      """
      The rule for the validation pictures: every:5, every:2+1, fraction:0.2@7, a list such as val.txt, or none; once, or once \
      for each --data. (default: every:5)
      """, valueName: "rule"))
  var holdOut: [String] = []

  @Option(
    help: ArgumentHelp(
      """
      Classes to train, all others being background: person, or person,vehicle=car+bus+truck; void= lists ignored \
      classes. (default: all classes of the data)
      """, valueName: "names"))
  var classes: String?

  @Flag(help: "Refuse a data set with a damaged file instead of skipping the file.")
  var strict = false

  @OptionGroup var limits: LimitOptions

  func validate() throws {
    if holdOut.count > 1, holdOut.count != data.count {
      throw ValidationError("\(holdOut.count) --hold-out for \(data.count) --data: expected one, or one for each")
    }
  }

  /// The selected classes of the data; `nil` for all.
  ///
  /// - Throws: `Failure`.
  func mapping() throws(Failure) -> ClassMapping? {
    guard let classes else { return nil }
    do { return try ClassMapping(parsing: classes) } catch { throw Failure(.inputs, told(error), stops: true) }
  }

  /// The training and validation pictures.
  ///
  /// - Parameters:
  ///   - isLabelled: whether a sample is usable without a teacher.
  ///   - teacher: labels the others too.
  /// - Throws: `Failure`.
  func read(
    on console: Console, where isLabelled: (Sample) -> Bool, teacher: TeacherChoice?
  ) throws(Failure) -> (training: Dataset, validation: Dataset) {
    let mapping = try mapping()
    do throws(DatasetError) {
      var options = Dataset.Options()
      options.isStrict = strict
      options.limits = limits.limits
      options.keepsUnlabelled = teacher != nil
      var training: Dataset?
      var validation: Dataset?
      for (index, path) in data.enumerated() {
        let rule = try Split(parsing: holdOut.isEmpty ? "every:5" : holdOut[holdOut.count == 1 ? 0 : index])
        let dataset = try Dataset.open(path, options)
        console.note(openingOf: dataset)
        var parts = try dataset.split(by: rule, where: isLabelled)
        switch teacher {
        case nil: parts.training = parts.training.filter(isLabelled)
        case .maps(let folder)?: parts.training = try parts.training.withMaps(from: folder).filter(isLabelled)
        case .model?: break
        }
        if let mapping {
          parts = (try parts.training.mapped(by: mapping), try parts.validation.mapped(by: mapping))
        }
        if let known = training { training = try known.joined(with: parts.training) } else { training = parts.training }
        if let known = validation {
          validation = try known.joined(with: parts.validation)
        } else {
          validation = parts.validation
        }
      }
      return (training!, validation!)
    } catch { throw Failure(.inputs, told(error), stops: true) }
  }
}

/// The options of the training schedule.
struct ScheduleOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Variants of each training picture: the picture itself and augmented copies. (default: 8; detect chooses)",
      valueName: "count"))
  var variants: Int?

  @Option(help: ArgumentHelp("Passes over all variants. (default: 10; detect chooses)", valueName: "count"))
  var epochs: Int?

  @Option(help: ArgumentHelp("Batch size. (default: 8; detect chooses)", valueName: "count"))
  var batch: Int?

  @Option(help: "The optimiser: adamw or sgd.")
  var optimiser = Optimiser.Kind.adamw

  @Option(help: ArgumentHelp("Maximum learning rate. (default: 0.002, with sgd 0.05)", valueName: "number"))
  var rate: Float?

  @Option(
    help: ArgumentHelp(
      "Learning rate of the backbone's unfrozen blocks, as a fraction of --rate. (default: 0.1; for detect 0.3)",
      valueName: "number"))
  var backboneRate: Float?

  @Option(
    help: ArgumentHelp(
      "Learning rate of each of the backbone's blocks, as a fraction of the next block's.", valueName: "share"))
  var layerDecay: Float = 1

  @Option(
    help: ArgumentHelp(
      "Epochs without a better metric after which training ends; 0 for never. (default: 0; detect chooses)",
      valueName: "count"))
  var patience: Int?

  @Option(help: ArgumentHelp("Weight decay. (default: 0.01, with sgd 0.0001)", valueName: "number"))
  var weightDecay: Float?

  @Option(help: ArgumentHelp("Warm-up steps. (default: 5% of all steps, at most 200)", valueName: "count"))
  var warmUp: Int?

  @Option(
    help: ArgumentHelp(
      "Decay of the moving average of the weights, which becomes the model; 0 for the last weights.",
      valueName: "share"))
  var averaging: Float = 0.99

  @Option(help: ArgumentHelp("Seed of all random numbers.", valueName: "number"))
  var seed: UInt64 = 1

  @Option(help: ArgumentHelp("Threads; the results are the same for any number.", valueName: "number"))
  var threads: Int?

  func validate() throws {
    for (name, value, most) in [
      ("--variants", variants, 10_000), ("--epochs", epochs, 100_000), ("--batch", batch, 1024),
    ] {
      if let value, !(1...most).contains(value) {
        throw ValidationError("\(name) \(value): expected a number from 1 to \(most)")
      }
    }
    if let rate, !(rate > 0 && rate <= 100) {
      throw ValidationError("--rate \(rate): expected a number above 0, at most 100")
    }
    if let backboneRate, !(backboneRate >= 0 && backboneRate <= 1) {
      throw ValidationError("--backbone-rate \(backboneRate): expected a number from 0 to 1")
    }
    if let weightDecay, !(weightDecay >= 0 && weightDecay <= 1) {
      throw ValidationError("--weight-decay \(weightDecay): expected a number from 0 to 1")
    }
    guard layerDecay > 0, layerDecay <= 1 else {
      throw ValidationError("--layer-decay \(layerDecay): expected a number above 0, at most 1")
    }
    if let patience, !(0...100_000).contains(patience) {
      throw ValidationError("--patience \(patience): expected a number from 0 to 100000")
    }
    guard averaging >= 0, averaging < 1 else {
      throw ValidationError("--averaging \(averaging): expected a number from 0 to below 1")
    }
    if let warmUp, warmUp < 0 { throw ValidationError("--warm-up \(warmUp): expected a number of at least 0") }
    if let threads, !(1...1024).contains(threads) {
      throw ValidationError("--threads \(threads): expected a number from 1 to 1024")
    }
  }

  /// The schedule with defaults for the missing numbers.
  func filled(
    variants: Int = 8, epochs: Int = 10, batch: Int = 8, patience: Int = 0, backboneRate: Float = 0.1
  ) -> FilledScheduleOptions {
    FilledScheduleOptions(
      options: self, variants: self.variants ?? variants, epochs: self.epochs ?? epochs, batch: self.batch ?? batch,
      patience: self.patience ?? patience, backboneRate: self.backboneRate ?? backboneRate)
  }
}

/// `ScheduleOptions` with every number filled in.
struct FilledScheduleOptions {
  fileprivate let options: ScheduleOptions
  let variants, epochs, batch, patience: Int
  let backboneRate: Float

  var seed: UInt64 { options.seed }
  var threads: Int? { options.threads }

  /// The schedule for that many samples.
  func schedule(samples: Int) -> Schedule {
    let steps = samples / batch * epochs
    let (optimiser, rate, warmUp) = (options.optimiser, options.rate, options.warmUp)
    let isSGD = optimiser == .sgd
    return Schedule(
      epochs: epochs, batch: batch, seed: seed,
      optimiser: Optimiser(
        optimiser, rate: rate ?? (isSGD ? 0.05 : 0.002), backboneFactor: backboneRate,
        layerDecay: options.layerDecay, weightDecay: options.weightDecay ?? (isSGD ? 0.0001 : 0.01),
        warmUp: warmUp ?? min(steps / 20, 200)),
      averaging: options.averaging, patience: patience)
  }
}

extension Optimiser.Kind: ExpressibleByArgument {}

/// The options of the augmentation.
struct AugmentOptions: ParsableArguments {
  /// The strength of the augmentation.
  enum Strength: String, ExpressibleByArgument, CaseIterable {
    case none, light, strong, ssd
  }

  @Option(
    help: """
      Augmentation of the variants: none (mirroring only), light (scale, position, colour), strong (more of it, blur, \
      and objects copied from other pictures) or ssd (for detection: crops around boxes, zooming out, colour, mosaics \
      of four). (default: strong; for classify and detect light)
      """)
  var augment: Strength?

  @Option(
    help: ArgumentHelp(
      """
      Give pictures with rare classes more variants: sqrt(this / f) times as many if the class occurs in a fraction f \
      of the pictures below this. 0 gives all the same number. The classes are those of the boxes, or the picture's \
      own.
      """, valueName: "share"))
  var balance = 0.0

  func validate() throws {
    guard balance >= 0, balance <= 1 else {
      throw ValidationError("--balance \(balance): expected a number from 0 to 1")
    }
  }

  /// The ranges for an input of that size.
  ///
  /// - Parameter usual: the default strength.
  func augmentation(width: Int, height: Int, usual: Strength) -> Augmentation {
    var augmentation = (augment ?? usual).augmentation(width: width, height: height)
    augmentation.repeatThreshold = balance
    return augmentation
  }
}

extension AugmentOptions.Strength {
  /// The ranges for an input of that size.
  fileprivate func augmentation(width: Int, height: Int) -> Augmentation {
    switch self {
    case .none:
      var augmentation = Augmentation.none(width: width, height: height)
      augmentation.flip = 0.5
      return augmentation
    case .light: return Augmentation(width: width, height: height)
    case .strong: return .strong(width: width, height: height)
    case .ssd: return .detection(width: width, height: height)
    }
  }
}

/// The options of the backbone's training.
struct BlockOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "First trained block of the backbone, such as block14; or all; or none. (default: none; detect chooses)",
      valueName: "block|all|none"))
  var unfreeze: String?

  /// The trained part of the backbone; `nil` where the option's value is invalid.
  private var asked: LearningPart? {
    switch unfreeze {
    case "none": return LearningPart.none
    case "all": return .all
    case let name?: return name.hasPrefix("block") ? Int(name.dropFirst(5)).map { .blocks(from: $0) } : nil
    case nil: return nil
    }
  }

  /// The trained part of the backbone.
  ///
  /// - Parameter usual: the default part.
  func learning(usual: LearningPart) -> LearningPart { unfreeze == nil ? usual : asked ?? usual }

  func validate() throws {
    guard let unfreeze else { return }
    // The number of blocks depends on the model, so the range is checked there.
    let isWrong: Bool
    switch asked {
    case .blocks(let first): isWrong = !(1...99).contains(first)
    case let part: isWrong = part == nil
    }
    if isWrong {
      throw ValidationError("--unfreeze \(unfreeze): expected a block's name from block1 on, all or none")
    }
  }
}

extension BlockOptions {
  /// The failure of creating a training task on a model.
  func failure(_ error: BackboneError, base: String) -> Failure {
    guard case .cannotLearn(let reason) = error else { return Failure(.model, "\(base): \(told(error))") }
    return Failure(.usage, "--unfreeze \(unfreeze ?? ""): \(reason)")
  }
}

/// The files of a run.
struct RunFileOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "File of the model; log, chart and checkpoint are written beside it.", valueName: "head.safetensors"))
  var out: String

  @Flag(help: "Resume from the checkpoint beside --out.")
  var resume = false

  @Option(
    help: ArgumentHelp(
      "Seconds between two checkpoints; an interrupted run writes one too.", valueName: "seconds"))
  var checkpointEvery = 60.0

  @Option(
    help: ArgumentHelp("File of the feature cache. (default: beside --out, removed at the end)", valueName: "file"))
  var cache: String?

  @Option(help: ArgumentHelp("Maximum size of the feature cache.", valueName: "MB"))
  var cacheLimit = 16384

  func validate() throws {
    guard out.hasSuffix(".safetensors"), out.utf8.count > 12 else {
      throw ValidationError("--out \(out): expected a name that ends in .safetensors")
    }
    guard checkpointEvery >= 0, checkpointEvery.isFinite else {
      throw ValidationError("--checkpoint-every \(checkpointEvery): expected a number of at least 0")
    }
    guard cacheLimit > 0 else { throw ValidationError("--cache-limit \(cacheLimit): expected a number of at least 1") }
  }

  private var stem: String { String(out.dropLast(12)) }
  var checkpoint: String { stem + ".checkpoint" }
  var log: String { stem + ".csv" }
  var curve: String { stem + ".png" }
  var features: String { cache ?? stem + ".features" }
  /// The files that follow from `--out`.
  var all: [String] { [out, checkpoint, log, curve] + (cache == nil ? [features] : []) }
}

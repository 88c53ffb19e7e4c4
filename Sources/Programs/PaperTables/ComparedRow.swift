import Backbone
import CLISupport
import Kernels

/// A row of a table: the printed figures of a network and this program's.
struct ComparedRow {
  let published: PublishedFigures
  /// The measure of the accuracy.
  let measure: String
  /// `nil` for a network that this program does not build.
  var network: ComparedNetwork?
  /// The cost by this program's convention.
  var ours: ComparedNetwork.Counts?
  /// The cost by the convention of the printed figures, if it differs.
  var alike: ComparedNetwork.Counts?
  /// Whether the printed costs count something else than `ours`, so that only `alike` is comparable with them.
  var isOnlyAlike = false
  var notes: [ComparisonNote] = []
  /// The times of this program's network, one pass; `nil` without timing.
  var times: Times?

  init(
    _ published: PublishedFigures, _ measure: String, _ network: ComparedNetwork? = nil, notes: [ComparisonNote] = []
  ) {
    self.published = published
    self.measure = measure
    self.network = network
    self.notes = notes
    ours = network?.counts
  }
}

/// An explanation of a difference.
enum ComparisonNote: CaseIterable {
  case onlyPrinted, ownPaper, withoutNormalisation, widenedClasses, cutOff
  case headAlone, twice
  case bothNormalisations, filledUp, passes, notFound
  case drawnOnly
  case notTimed

  var text: String {
    switch self {
    case .onlyPrinted: return "the paper's figures only; this program has no such network"
    case .ownPaper: return "MobileNetV1's own paper prints 569M for it"
    case .withoutNormalisation:
      return
        "parameters counted without batch norm's, as in the authors' list of checkpoints, which has 3.47M for width 1.0"
    case .widenedClasses:
      return
        "the authors' list has 6.06M and 582M for width 1.4; 6.9M is 1.4 x 1.4 times the 3.5M of width 1.0, as if the "
        + "1000 classes had been widened too"
    case .cutOff: return "the list's multiply-adds are cut off to whole millions"
    case .headAlone: return "predictors and extra layers alone, at 320x320, for 80 classes and the background"
    case .twice:
      return
        "multiplications and additions counted apart, it seems: twice ours is the printed figure, and table 6's 0.8B for "
        + "the whole network leaves no room for 0.35B"
    case .bothNormalisations: return "batch norm's scale and shift counted as two parameters; ours are folded into one"
    case .filledUp:
      return "TensorFlow fills maps up to a multiple of an atrous convolution's rate, which its multiply-adds include"
    case .passes:
      return "MF: twelve passes, six sizes of the picture, each mirrored too; ours and its times are of one pass"
    case .notFound: return "what the printed figure counts was not found"
    case .drawnOnly: return "the paper draws the accuracies of such networks, in its figure 6, and prints none"
    case .notTimed: return "counted only: this program cannot run this head"
    }
  }
}

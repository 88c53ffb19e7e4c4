import ArgumentParser
import Processing

/// Which regions of a picture the network looks at.
public struct ViewOptions: ParsableArguments {
  /// The kinds of views.
  public enum Kind: String, ExpressibleByArgument, CaseIterable, Sendable {
    case auto, whole, squares, grid
  }

  @Option(
    help: """
      What of a picture the network looks at: whole, the picture stretched to the network's input; squares, overlapping \
      squares of its shorter side too; grid, overlapping windows of --slice pixels too; auto, squares from an aspect \
      ratio of 1.4:1 on, else whole. (default: auto; for eval whole, as in training)
      """)
  public var views: Kind?

  @Option(
    help: ArgumentHelp(
      """
      Look at windows of this many pixels a side, for small things in large pictures; means --views grid. (default: \
      \(Views.usualSliceSize))
      """, valueName: "pixels"))
  public var slice: Int?

  @Option(
    help: ArgumentHelp(
      "The part of a window's side that the next one shows too, 0 to 0.9. (default: \(Views.usualOverlap))",
      valueName: "share"))
  public var overlap: Double?

  public init() {}

  public func validate() throws {
    let isGrid = views == .grid || views == nil && slice != nil
    if let slice {
      guard isGrid else { throw ValidationError("--slice has no effect with --views \(views!.rawValue)") }
      guard (32...65_535).contains(slice) else {
        throw ValidationError("--slice \(slice): expected a number from 32 to 65535")
      }
    }
    if let overlap {
      guard isGrid else { throw ValidationError("--overlap has no effect without --slice or --views grid") }
      guard (0...0.9).contains(overlap) else {
        throw ValidationError("--overlap \(overlap): expected a number from 0 to 0.9")
      }
    }
  }

  /// The views that were asked for.
  ///
  /// - Parameter usual: without any option.
  public func chosen(else usual: Views) -> Views {
    switch views {
    case .auto: return .auto
    case .whole: return .whole
    case .squares: return .squares
    case nil where slice == nil: return usual
    case .grid, nil: return .slices(size: slice ?? Views.usualSliceSize, overlap: overlap ?? Views.usualOverlap)
    }
  }

  /// Whether any option was given.
  public var isGiven: Bool { views != nil || slice != nil }
}

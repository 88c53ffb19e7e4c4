import ArgumentParser
import Processing

/// The options of the views.
public struct ViewOptions: ParsableArguments {
  /// The kinds of views.
  public enum Kind: String, ExpressibleByArgument, CaseIterable, Sendable {
    case auto, whole, squares, grid
  }

  @Option(
    help: """
      The views that the network runs on: whole (the picture, fitted to the input), squares (also overlapping squares \
      of its shorter side), grid (also overlapping windows of --slice pixels), or auto (squares from an aspect ratio \
      of 1.4:1 on, else whole). (default: auto; for eval whole, as in training)
      """)
  public var views: Kind?

  @Option(
    help: ArgumentHelp(
      """
      Side of the windows, for small objects in large pictures; implies --views grid. (default: \
      \(Views.usualSliceSize))
      """, valueName: "pixels"))
  public var slice: Int?

  @Option(
    help: ArgumentHelp(
      "Overlap of neighbouring windows as a fraction of their side, 0 to 0.9. (default: \(Views.usualOverlap))",
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

  /// The views from the options.
  ///
  /// - Parameter usual: the views without any option.
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

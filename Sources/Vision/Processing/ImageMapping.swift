import Tensors

/// Where a picture lies in a network's input, and so the way back from the network's answers to the picture's pixels.
public struct ImageMapping: Hashable, Sendable {
  /// One axis of it, in pixels.
  public struct Axis: Hashable, Sendable {
    /// The picture's extent as displayed.
    public let image: Int
    /// The network's input.
    public let input: Int
    /// The resized picture.
    public let content: Int
    /// Where the resized picture's first pixel lies in the input; negative where its border was cut off.
    public let origin: Int

    /// Creates an axis; the three extents must be at least 1.
    public init(image: Int, input: Int, content: Int, origin: Int) {
      precondition(image > 0 && input > 0 && content > 0, "extents \(image), \(input), \(content)")
      self.image = image
      self.input = input
      self.content = content
      self.origin = origin
    }

    /// The input's pixels that show the picture, empty where nothing of it is inside; the others are padding.
    public var visible: Range<Int> {
      let start = max(origin, 0)
      return start..<max(min(origin + content, input), start)
    }

    /// The place in the picture of one in the input, in pixels from the picture's edge and clipped to its extent.
    ///
    /// - Parameter relative: 0 at the input's first edge, 1 at its last.
    package func imagePosition(ofRelative relative: Float) -> Float {
      // Written so that a stretched picture multiplies by its size and rounds once.
      let share = relative * (Float(input) / Float(content)) - Float(origin) / Float(content)
      return min(max(share * Float(image), 0), Float(image))
    }

    /// Where the picture's pixels lie in a map that covers the whole input; those not shown take the nearest value.
    ///
    /// - Parameters:
    ///   - map: the map's pixels along this axis.
    ///   - upsampling: how the network's own enlargement lays the map over its input.
    ///   - grid: how the picture was resized.
    package func taps(map: Int, upsampling: SamplingGrid, grid: SamplingGrid) -> LinearTaps {
      let coordinates = (0..<image).map { index in
        let resized = grid.coordinate(of: index, input: content, output: image)
        let position = min(max(resized, 0), Float(content - 1)) + Float(origin)
        return upsampling.coordinate(at: position, input: map, output: input)
      }
      return LinearTaps(coordinates: coordinates, extent: map)
    }
  }

  /// The mapping of columns.
  public let horizontal: Axis
  /// The mapping of rows.
  public let vertical: Axis
  /// Where the resize sampled the picture.
  public let grid: SamplingGrid

  /// Creates a mapping from those of its axes and the sampling grid of the resize.
  public init(horizontal: Axis, vertical: Axis, grid: SamplingGrid) {
    self.horizontal = horizontal
    self.vertical = vertical
    self.grid = grid
  }
}

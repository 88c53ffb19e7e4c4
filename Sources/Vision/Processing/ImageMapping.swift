import Tensors

/// Where a picture lies in a network's input, and so the way back from the network's answers to the picture's pixels.
public struct ImageMapping: Hashable, Sendable {
  /// One axis of the mapping, in pixels.
  public struct Axis: Hashable, Sendable {
    /// The displayed image's extent.
    public let image: Int
    /// The network input's extent.
    public let input: Int
    /// The resized image's extent.
    public let content: Int
    /// The position of the resized image's first pixel in the input; negative if its border was cropped.
    public let origin: Int

    /// Creates an axis; the three extents must be at least 1.
    public init(image: Int, input: Int, content: Int, origin: Int) {
      precondition(image > 0 && input > 0 && content > 0, "extents \(image), \(input), \(content)")
      self.image = image
      self.input = input
      self.content = content
      self.origin = origin
    }

    /// The input's pixels inside the image, possibly none; the others are padding.
    public var visible: Range<Int> {
      let start = max(origin, 0)
      return start..<max(min(origin + content, input), start)
    }

    /// The position in the image of a position in the input, in pixels from the image's edge and clipped to its extent.
    ///
    /// - Parameter relative: 0 at the input's first edge, 1 at its last.
    package func imagePosition(ofRelative relative: Float) -> Float {
      // Written so that a stretched picture multiplies by its size and rounds once.
      let share = relative * (Float(input) / Float(content)) - Float(origin) / Float(content)
      return min(max(share * Float(image), 0), Float(image))
    }

    /// The taps of the image's pixels in a map of the whole input; pixels outside it have the nearest value.
    ///
    /// - Parameters:
    ///   - map: the map's pixels along this axis.
    ///   - upsampling: the sampling grid of the network's own upsampling from the map to its input.
    ///   - grid: the sampling grid of the image's resize.
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
  /// The sampling grid of the image's resize.
  public let grid: SamplingGrid

  /// Creates a mapping from those of its axes and the sampling grid of the resize.
  public init(horizontal: Axis, vertical: Axis, grid: SamplingGrid) {
    self.horizontal = horizontal
    self.vertical = vertical
    self.grid = grid
  }
}

import ImageTypes
import Kernels
import ModelFiles
import Tensors

/// The preprocessing of pictures to a network's input by its card: fit, resize and normalisation in one pass.
///
/// Resizing is linear interpolation in fp32, along a row first and then between two rows, the order of TensorFlow's
/// `ResizeBilinear`; normalising is `value * (1 / deviation) - mean / deviation`, which for TensorFlow's cards is
/// exactly its own `value * (2 / 255) - 1`.
public struct Preprocessor: Hashable, Sendable {
  /// The largest width or height of an input, and the largest `resizeShortest`, in pixels.
  public static let maximumExtent = 8192

  /// The checked card.
  public let card: InputCard
  /// `1 / standardDeviation` and `mean / standardDeviation` of R, G, B.
  let scale: [Float]
  let shift: [Float]

  /// Checks a card.
  ///
  /// - Throws: `PreprocessError` when a size, a number of channels or a value makes no sense.
  public init(_ card: InputCard) throws(PreprocessError) {
    let limit = Preprocessor.maximumExtent
    guard 1...limit ~= card.width, 1...limit ~= card.height else {
      throw .size(expected: "1 ... \(limit) pixels a side", found: [card.height, card.width])
    }
    if let shortest = card.resizeShortest, !(1...limit ~= shortest) {
      throw .size(expected: "a shortest side of 1 ... \(limit) pixels", found: [shortest])
    }
    guard card.mean.count == 3 else { throw .channels(field: "mean", expected: 3, found: card.mean.count) }
    guard card.standardDeviation.count == 3 else {
      throw .channels(field: "standardDeviation", expected: 3, found: card.standardDeviation.count)
    }
    guard card.mean.allSatisfy(\.isFinite) else {
      throw .value(field: "mean", expected: "finite numbers", found: card.mean)
    }
    guard card.standardDeviation.allSatisfy({ $0.isNormal && (1 / $0).isNormal }) else {
      throw .value(field: "standardDeviation", expected: "finite numbers other than 0", found: card.standardDeviation)
    }
    guard card.padValue.isFinite else {
      throw .value(field: "padValue", expected: "a finite number", found: [card.padValue])
    }
    self.card = card
    scale = card.standardDeviation.map { 1 / $0 }
    shift = (0..<3).map { card.mean[$0] / card.standardDeviation[$0] }
  }

  /// The network's input for a picture.
  ///
  /// - Parameter session: kernels and threads; by default the machine's best kernels on the caller's thread.
  /// - Complexity: O(input pixels), or O(picture pixels) with antialiasing.
  public func prepare(_ image: Image, session: Session? = nil) -> PreparedInput {
    image.withPixelView { prepare($0, session: session) }
  }

  /// The network's input for pixels read in place, such as a camera's.
  ///
  /// The result has the same bits as for their RGB `Image`.
  ///
  /// RGB, BGR, RGBA and BGRA are not copied, whatever the row stride; alpha is ignored. The rows of gray, NV12 and I420
  /// that the resize reads are converted one at a time.
  ///
  /// - Parameters:
  ///   - region: the network's part of the picture, inside the view, as if the picture consisted of it alone; the
  ///     mapping's picture coordinates begin at its corner. `nil` for all of the view.
  ///   - session: kernels and threads; by default the machine's best kernels on the caller's thread.
  /// - Complexity: O(input pixels), or O(region's pixels) with antialiasing; of gray, NV12 and I420 O(pixels of the
  ///   rows that are read).
  public func prepare(
    _ view: borrowing PixelView, _ region: ImageRegion? = nil, session: Session? = nil
  ) -> PreparedInput {
    prepare(view, region, kernels: session?.kernels ?? .chosen, pool: session?.pool)
  }

  /// The network's input for a region of a picture, equal to that of a picture of the region alone.
  ///
  /// The mapping is the region's: its picture coordinates begin at the region's corner.
  package func prepare(_ image: Image, _ region: ImageRegion, session: Session) -> PreparedInput {
    image.withPixelView { prepare($0, region, session: session) }
  }

  /// The network's input on given kernels and threads; without a region, for the whole picture.
  package func prepare(
    _ image: Image, _ region: ImageRegion? = nil, kernels: KernelSet, pool: WorkerPool? = nil
  ) -> PreparedInput {
    image.withPixelView { prepare($0, region, kernels: kernels, pool: pool) }
  }

  /// The network's input for pixels read in place, on given kernels and threads.
  package func prepare(
    _ view: borrowing PixelView, _ region: ImageRegion? = nil, kernels: KernelSet, pool: WorkerPool? = nil
  ) -> PreparedInput {
    let region = region ?? view.bounds
    let mapping = ImageMapping(imageWidth: region.width, imageHeight: region.height, card: card)
    let tensor = blank(mapping)
    let visible = (columns: mapping.horizontal.visible, rows: mapping.vertical.visible)
    let resizer = PixelResizer(
      kernels, on: pool,
      PixelResizer.Target(
        inputWidth: card.width, rows: visible.rows, columns: visible.columns, scale: scale, shift: shift))
    if card.antialias {
      let area = AreaResizer(mapping)
      resizer.area(view, region, rows: area.rows, columns: area.columns, into: tensor)
    } else {
      let linear = LinearResizer(mapping)
      resizer.linear(view, region, rows: linear.rows, columns: linear.columns, into: tensor)
    }
    return PreparedInput(tensor: tensor, mapping: mapping)
  }

  /// The network's input by the plain Swift reference, which the kernels must equal bit by bit.
  package func prepareByReference(_ image: Image) -> PreparedInput {
    let mapping = ImageMapping(imageWidth: image.width, imageHeight: image.height, card: card)
    var tensor = blank(mapping)
    tensor.withMutableSpan { elements in
      if mapping.horizontal.visible.isEmpty || mapping.vertical.visible.isEmpty { return }
      if card.antialias {
        AreaResizer(mapping).run(image.pixels.span, into: &elements, scale: scale, shift: shift)
      } else {
        LinearResizer(mapping).run(image.pixels.span, into: &elements, scale: scale, shift: shift)
      }
    }
    return PreparedInput(tensor: tensor, mapping: mapping)
  }

  /// An input without its picture: padding where there is any, undefined elsewhere.
  private func blank(_ mapping: ImageMapping) -> Tensor {
    var tensor = unsafe Tensor(undefined: Shape(height: card.height, width: card.width, channels: 3))
    let visible = (columns: mapping.horizontal.visible, rows: mapping.vertical.visible)
    if visible.columns.count < card.width || visible.rows.count < card.height { tensor.withMutableSpan { pad(&$0) } }
    return tensor
  }

  /// Fills the input with the padding's colour.
  private func pad(_ elements: inout MutableSpan<Float>) {
    let colour = (0..<3).map { card.padValue * scale[$0] - shift[$0] }
    for i in 0..<elements.count { elements[i] = colour[i % 3] }
  }
}

extension ImageMapping.Axis {
  /// The picture's coordinates that the visible pixels of the input sample.
  func coordinates(_ grid: SamplingGrid) -> [Float] {
    visible.map { grid.coordinate(of: $0 - origin, input: image, output: content) }
  }
}

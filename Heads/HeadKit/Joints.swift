import Kernels
import Tensors

/// `clamp(a + b)` for maps of the same size, or with `b` one pixel for each picture, added everywhere.
///
/// - Complexity: O(elements).
public func sum(_ a: borrowing Tensor, _ b: borrowing Tensor, _ activation: Activation, compute: Compute) -> Tensor {
  let shape = a.shape
  let isOnePixel = b.shape != shape
  precondition(
    !isOnePixel || b.shape == Shape(batch: shape.batch, height: 1, width: 1, channels: shape.channels),
    "a sum of maps \(shape) and \(b.shape)")
  let y = unsafe Tensor(undefined: shape)
  unsafe a.withUnsafeElements { a in
    unsafe b.withUnsafeElements { b in
      unsafe y.withUnsafeElements { y in
        unsafe Joints.add(
          compute.kernels, on: compute.pool, a.baseAddress!, b.baseAddress!, isOnePixel: isOnePixel,
          pictures: shape.batch, pixels: shape.pixels, channels: shape.channels, activation: activation,
          to: y.baseAddress!)
      }
    }
  }
  return y
}

/// The channels of `a`, then those of `b`; one of them may be one pixel for each picture, which is repeated.
///
/// - Complexity: O(elements).
public func concatenation(_ a: borrowing Tensor, _ b: borrowing Tensor, compute: Compute) -> Tensor {
  let larger = a.shape.pixels >= b.shape.pixels ? a.shape : b.shape
  let shape = larger.with(channels: a.shape.channels + b.shape.channels)
  let y = unsafe Tensor(undefined: shape)
  // `y` comes as a parameter: a function that captures a noncopyable value keeps it from being returned.
  func copy(_ x: borrowing Tensor, at first: Int, of y: borrowing Tensor) {
    precondition(
      x.shape.batch == shape.batch && (x.shape.pixels == 1 || x.shape.pixels == shape.pixels),
      "maps \(x.shape) side by side in \(shape)")
    let (channels, each) = (x.shape.channels, shape.pixels / x.shape.pixels)
    unsafe x.withUnsafeElements { x in
      unsafe y.withUnsafeElements { y in
        unsafe Joints.copyChannels(
          on: compute.pool, x.baseAddress!, stride: channels, each: each, to: y.baseAddress! + first,
          stride: shape.channels, count: channels, pixels: shape.batch * shape.pixels)
      }
    }
  }
  copy(a, at: 0, of: y)
  copy(b, at: a.shape.channels, of: y)
  return y
}

/// `x` enlarged bilinearly to that size.
///
/// - Complexity: O(elements of the result).
public func upsampled(_ x: borrowing Tensor, height: Int, width: Int, _ grid: SamplingGrid, compute: Compute) -> Tensor
{
  let shape = x.shape
  let y = unsafe Tensor(
    undefined: Shape(batch: shape.batch, height: height, width: width, channels: shape.channels))
  unsafe x.withUnsafeElements { x in
    unsafe y.withUnsafeElements { y in
      unsafe Joints.enlarge(
        compute, x.baseAddress!, rows: LinearTaps(grid, input: shape.height, output: height),
        columns: LinearTaps(grid, input: shape.width, output: width), pictures: shape.batch, channels: shape.channels,
        to: y.baseAddress!)
    }
  }
  return y
}

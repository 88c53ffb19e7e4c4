import Kernels
import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Every operation in plain Swift with sums in double precision: slow and simple, the reference for all fast kernels.
public enum Reference {
  /// 3x3 convolution.
  ///
  /// Weights `[3, 3, in, out]`, bias `[out]`.
  ///
  /// - Complexity: O(pixels · 9 · in · out).
  public static func convolution3x3(
    _ x: [Float], _ shape: Shape, weights: [Float], bias: [Float], stride: Int, dilation: Int = 1, padding: Padding,
    activation: Activation
  ) -> (shape: Shape, values: [Float]) {
    let outputs = bias.count
    let (low, high) = activation.bounds
    return mapPixels(x, shape, outputs, stride: stride, dilation: dilation, padding: padding) { taps, n in
      var sum = Double(bias[n])
      for tap in taps {
        for c in 0..<shape.channels {
          sum +=
            Double(x[tap.pixel * shape.channels + c])
            * Double(weights[(tap.index * shape.channels + c) * outputs + n])
        }
      }
      return min(max(Float(sum), low), high)
    }
  }

  /// 3x3 depthwise convolution.
  ///
  /// Weights `[3, 3, channels]`, bias `[channels]`.
  ///
  /// - Complexity: O(pixels · 9 · channels).
  public static func depthwise3x3(
    _ x: [Float], _ shape: Shape, weights: [Float], bias: [Float], stride: Int, dilation: Int = 1, padding: Padding,
    activation: Activation
  ) -> (shape: Shape, values: [Float]) {
    let (low, high) = activation.bounds
    return mapPixels(x, shape, shape.channels, stride: stride, dilation: dilation, padding: padding) { taps, c in
      var sum = Double(bias[c])
      for tap in taps {
        sum += Double(x[tap.pixel * shape.channels + c]) * Double(weights[tap.index * shape.channels + c])
      }
      return min(max(Float(sum), low), high)
    }
  }

  /// 1x1 convolution, with an optional addend before the activation bounds.
  ///
  /// Weights `[in, out]`, bias `[out]`.
  ///
  /// - Complexity: O(rows · in · out).
  public static func pointwise(
    _ x: [Float], rows: Int, weights: [Float], bias: [Float], residual: [Float]? = nil, activation: Activation
  ) -> [Float] {
    let inputs = x.count / rows
    let outputs = bias.count
    let (low, high) = activation.bounds
    var y = [Float](repeating: 0, count: rows * outputs)
    for row in 0..<rows {
      for n in 0..<outputs {
        var sum = Double(bias[n])
        for k in 0..<inputs { sum += Double(x[row * inputs + k]) * Double(weights[k * outputs + n]) }
        if let residual { sum += Double(residual[row * outputs + n]) }
        y[row * outputs + n] = min(max(Float(sum), low), high)
      }
    }
    return y
  }

  /// The mean of each channel over all pixels.
  public static func globalPooling(_ x: [Float], _ shape: Shape) -> [Float] {
    var sums = [Double](repeating: 0, count: shape.channels)
    for (i, value) in x.enumerated() { sums[i % shape.channels] += Double(value) }
    return sums.map { Float($0 / Double(shape.pixels)) }
  }

  /// Bilinear resize of a map to another size.
  ///
  /// - Complexity: O(output elements).
  public static func resize(_ x: [Float], _ shape: Shape, height: Int, width: Int, grid: SamplingGrid) -> [Float] {
    var y: [Float] = []
    y.reserveCapacity(height * width * shape.channels)
    func neighbours(_ index: Int, _ input: Int, _ output: Int) -> (Int, Int, Double) {
      let at = min(max(grid.coordinate(of: index, input: input, output: output), 0), Float(input - 1))
      let low = Int(at)
      return (low, min(low + 1, input - 1), Double(at - Float(low)))
    }
    for row in 0..<height {
      let (top, bottom, ty) = neighbours(row, shape.height, height)
      for column in 0..<width {
        let (left, right, tx) = neighbours(column, shape.width, width)
        for c in 0..<shape.channels {
          func at(_ r: Int, _ q: Int) -> Double { Double(x[(r * shape.width + q) * shape.channels + c]) }
          let above = at(top, left) + (at(top, right) - at(top, left)) * tx
          let below = at(bottom, left) + (at(bottom, right) - at(bottom, left)) * tx
          y.append(Float(above + (below - above) * ty))
        }
      }
    }
    return y
  }

  /// `1 / (1 + exp(-x))`, in [0, 1].
  public static func sigmoid(_ x: Float) -> Float { Float(1 / (1 + exp(-Double(x)))) }

  /// Softmax of each row; rows have `classes` values.
  public static func softmax(_ x: [Float], classes: Int) -> [Float] {
    var y = [Float](repeating: 0, count: x.count)
    for begin in stride(from: 0, to: x.count, by: classes) {
      let row = x[begin..<begin + classes]
      let largest = row.max()!
      let sum = row.reduce(0.0) { $0 + exp(Double($1 - largest)) }
      for i in row.indices { y[i] = Float(exp(Double(x[i] - largest)) / sum) }
    }
    return y
  }

  static func mapPixels(
    _ x: [Float], _ shape: Shape, _ outputs: Int, stride: Int, dilation: Int, padding: Padding,
    _ value: (_ taps: [(index: Int, pixel: Int)], _ output: Int) -> Float
  ) -> (shape: Shape, values: [Float]) {
    precondition(x.count == shape.count && shape.batch == 1, "\(x.count) values for \(shape)")
    let g = Geometry(height: shape.height, width: shape.width, stride: stride, dilation: dilation, padding: padding)
    let result = Shape(height: g.outHeight, width: g.outWidth, channels: outputs)
    var y: [Float] = []
    y.reserveCapacity(result.count)
    for row in 0..<g.outHeight {
      for column in 0..<g.outWidth {
        var taps: [(index: Int, pixel: Int)] = []
        for ky in 0..<3 {
          for kx in 0..<3 {
            let inRow = row * stride - g.padTop + ky * dilation
            let inColumn = column * stride - g.padLeft + kx * dilation
            if (0..<shape.height).contains(inRow) && (0..<shape.width).contains(inColumn) {
              taps.append((ky * 3 + kx, inRow * shape.width + inColumn))
            }
          }
        }
        for n in 0..<outputs { y.append(value(taps, n)) }
      }
    }
    return (result, y)
  }
}

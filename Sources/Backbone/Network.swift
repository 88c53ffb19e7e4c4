@_exported import Kernels
@_exported import ModelFiles
import Synchronization
@_exported import Tensors

/// A network of the layouts' families, handing out its intermediate feature maps; safe to share between threads.
///
/// Source: "MobileNetV2: Inverted Residuals and Linear Bottlenecks" (CVPR 2018), table 2 and section 6.3; "MobileNets" (2017),
/// table 1; "ShuffleNet" (CVPR 2018), table 1.
public final class Network: Backbone {
  /// The smallest input, in rows and in columns.
  public static let minimumExtent = InputCard.leastSide

  public let layout: NetworkLayout
  public let compute: Compute

  let operations: [Operation]
  private let plans = Mutex<[PlanKey: Plan]>([:])

  struct PlanKey: Hashable {
    let height, width: Int
    let taps: [Tap]
    /// The first block that runs.
    let first: Int
  }

  /// Packs the weights of the network that a card describes.
  ///
  /// - Throws: `BackboneError.weights` when a tensor is missing or has another shape, `.unknownNetwork`.
  /// - Complexity: O(weights).
  public convenience init(_ card: BackboneCard, weights: Weights, compute: Compute = Compute()) throws(BackboneError) {
    guard card.family != nil else { throw .unknownNetwork(name: card.network) }
    try self.init(NetworkLayout(card), weights: weights, compute: compute)
  }

  /// Packs the weights of a network.
  ///
  /// - Throws: `BackboneError.weights` when a tensor is missing or has another shape.
  public init(_ layout: NetworkLayout, weights: Weights, compute: Compute = Compute()) throws(BackboneError) {
    self.layout = layout
    self.compute = compute
    do { operations = try Operations.all(layout, weights: weights, compute: compute) } catch { throw .weights(error) }
  }

  /// Computes the maps asked for, and nothing beyond the deepest one.
  ///
  /// - Parameters:
  ///   - input: normalised pictures `[N, H, W, 3]`, at least 33 pixels on both axes.
  ///   - taps: which maps, in any order.
  /// - Throws: `BackboneError` when the input has another shape or a tap does not exist.
  /// - Complexity: about 300 million multiply-adds for MobileNetV2 1.0 at 224 by 224; see `NetworkLayout.costs`.
  public func features(of input: borrowing Tensor, taps: [Tap]) throws(BackboneError) -> FeatureMaps {
    try features(of: input, taps: taps, observer: nil)
  }

  /// The same, telling an observer when each step of the plan has ended.
  package func features(
    of input: borrowing Tensor, taps: [Tap], observer: ((_ step: Int) -> Void)?
  ) throws(BackboneError) -> FeatureMaps {
    let shape = input.shape
    guard shape.channels == 3 else { throw .inputChannels(expected: 3, found: shape.channels) }
    let wanted = try wanted(taps)
    let plan = try plan(height: shape.height, width: shape.width, wanted: wanted)
    return run(plan, input, wanted: wanted, observer: observer)
  }

  /// Computes maps from the output of a block on, which may be another network's whose blocks are the same up to there.
  ///
  /// - Parameters:
  ///   - map: what the block before `first` hands out for pictures of `height` by `width`.
  ///   - first: the first block that runs, at least 1, of a network that `resumes`.
  ///   - taps: maps of this block and later ones.
  /// - Throws: `BackboneError` when a tap does not exist or the map has another shape.
  package func features(
    from map: borrowing Tensor, height: Int, width: Int, first: Int, taps: [Tap]
  ) throws(BackboneError) -> FeatureMaps {
    precondition(
      layout.resumes && layout.blocks.indices.dropFirst().contains(first), "no network begins with block \(first)")
    let wanted = try wanted(taps)
    let g = layout.geometries(height: height, width: width).blocks[first]
    let shape = map.shape
    let channels = layout.blocks[first].inputs
    guard shape.channels == channels else { throw .inputChannels(expected: channels, found: shape.channels) }
    precondition(shape.height == g.height && shape.width == g.width, "a map \(shape) before block \(first)")
    let plan = try plan(height: height, width: width, wanted: wanted, first: first)
    return run(plan, map, wanted: wanted, observer: nil)
  }

  private func run(
    _ plan: Plan, _ input: borrowing Tensor, wanted: [TapInfo], observer: ((_ step: Int) -> Void)?
  ) -> FeatureMaps {
    let shape = input.shape
    guard !wanted.isEmpty else { return FeatureMaps(maps: []) }
    let workspace = compute.workspaces.take(plan.arenaCount)
    let maps = wanted.enumerated().map { index, info in
      let one = plan.shapes[index]
      return FeatureMap(
        info: info,
        tensor: unsafe Tensor(
          undefined: Shape(batch: shape.batch, height: one.height, width: one.width, channels: one.channels)))
    }
    unsafe input.withUnsafeElements { elements in
      for picture in 0..<shape.batch {
        let pointers = unsafe maps.map { map in
          unsafe map.tensor.withUnsafeElements {
            unsafe $0.baseAddress! + picture * map.shape.count / shape.batch
          }
        }
        unsafe plan.run(
          on: compute, input: elements.baseAddress! + picture * shape.count / shape.batch, maps: pointers,
          arena: workspace.base, observer: observer)
      }
    }
    compute.workspaces.give(workspace)
    return FeatureMaps(maps: maps)
  }

  /// What the taps hand out, each once.
  func wanted(_ taps: [Tap]) throws(BackboneError) -> [TapInfo] {
    var wanted: [TapInfo] = []
    for tap in taps where !wanted.contains(where: { $0.tap == tap }) { wanted.append(try info(tap)) }
    return wanted
  }

  /// The plan for an input of that size: the kept one, or a new one.
  func plan(height: Int, width: Int, wanted taps: [TapInfo], first: Int = 0) throws(BackboneError) -> Plan {
    guard min(height, width) >= Network.minimumExtent else {
      throw .inputTooSmall(height: height, width: width, minimum: Network.minimumExtent)
    }
    let key = PlanKey(height: height, width: width, taps: taps.map(\.tap), first: first)
    return plans.withLock { plans in
      if let plan = plans[key] { return plan }
      // A caller with ever new sizes must not make the cache grow; a plan is quickly made again.
      if plans.count >= 16 { plans.removeAll() }
      let plan = Plan(self, height: height, width: width, taps: taps, first: first)
      plans[key] = plan
      return plan
    }
  }
}

import Backbone
import DeepLabLite
import HeadKit
import SSDLite
import Tensors

extension TaskNetwork {
  /// A part of a run that can be timed: a pass of the backbone's plan, or a part of the head.
  package struct Step: Hashable, Sendable {
    package let name: String
    /// The shape of what it leaves.
    package let output: Shape
    package let multiplyAdds: Int
  }

  /// The steps of a run, in their order.
  ///
  /// - Throws: `BackboneError` when the input is too small.
  package func steps(height: Int, width: Int) throws(BackboneError) -> [Step] {
    let plan = try backbone.plan(height: height, width: width, taps: taps)
    let steps = plan.steps.map { Step(name: $0.name, output: $0.output, multiplyAdds: $0.multiplyAdds) }
    let costs = costs(height: height, width: width)
    func step(_ name: String, _ parts: [String], _ output: Shape) -> Step {
      let own = costs.filter { cost in parts.contains { cost.name.hasPrefix($0) } }
      return Step(name: name, output: output, multiplyAdds: own.reduce(0) { $0 + $1.multiplyAdds })
    }
    switch head {
    case .classify(let head):
      return steps + [step("head", ["classifier"], Shape(height: 1, width: 1, channels: head.classes))]
    case .deeplab(let head):
      let map = plan.steps.last!.output
      let plain = step("head", ["deeplab/"], map.with(channels: head.outputs))
      return steps
        + [
          Step(
            name: plain.name, output: plain.output, multiplyAdds: plain.multiplyAdds - head.sparedMultiplyAdds(on: map))
        ]
    case .ssdlite(let head):
      let shapes = head.taps.map { backbone.layout.shape(of: $0, height: height, width: width) }
      let spared = head.sparedMultiplyAdds(on: shapes)
      return steps
        + head.pyramid(shapes).enumerated().map { index, map in
          let extra = index - head.taps.count
          let predictor = "predictor\(index)"
          let own = extra < 0 ? ["\(predictor)"] : ["extra\(extra)", "\(predictor)"]
          let plain = step(
            own.joined(separator: ", "), own.map { "\(task.rawValue)/\($0)/" },
            map.with(channels: (head.card.outputs + 4) * DefaultBoxes.count(map: index)))
          return Step(name: plain.name, output: plain.output, multiplyAdds: plain.multiplyAdds - spared[index])
        }
    }
  }

  /// Runs once, telling an observer when each of the steps has ended.
  ///
  /// - Throws: `BackboneError` when the input's shape does not fit.
  package func run(_ input: borrowing Tensor, observer: @escaping (_ step: Int) -> Void) throws(BackboneError) {
    var done = 0
    let maps = try backbone.features(of: input, taps: taps) { step in
      observer(step)
      done = step + 1
    }
    switch head {
    case .classify(let head):
      _ = head(maps)
      observer(done)
    case .deeplab(let head):
      _ = head(maps)
      observer(done)
    case .ssdlite(let head): _ = head(maps) { observer(done + $0) }
    }
  }
}

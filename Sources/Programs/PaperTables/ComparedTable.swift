import Backbone
import CLISupport

/// A table of the report.
enum ComparedTable: String, CaseIterable {
  case memory = "3"
  case classification = "4"
  case predictors = "5"
  case detection = "6"
  case segmentation = "7"
  case ablations
  case widths

  /// The paper's tables, the default of a run.
  static let paper: [ComparedTable] = [.memory, .classification, .predictors, .detection, .segmentation]

  var title: String {
    switch self {
    case .memory: return "Table 3: the largest tensor that exists as a whole, channels/KB, 16-bit activations, 224x224"
    case .classification: return "Table 4: ImageNet, 1000 classes, 224x224"
    case .predictors: return "Table 5: SSD's predictors and SSDLite's on MobileNetV2, 80 classes, 320x320"
    case .detection: return "Table 6: COCO, 80 classes, 320x320"
    case .segmentation: return "Table 7: Pascal VOC, 21 classes, 513x513"
    case .ablations: return "Section 6.4: MobileNetV2's blocks changed, 1000 classes, 224x224"
    case .widths:
      return "Figure 5: MobileNetV2 at other widths and sizes, 1000 classes; printed: the authors' checkpoints"
    }
  }

  /// The rows without times; `memory` has none, see `MemoryComparison`.
  var rows: [ComparedRow] {
    switch self {
    case .memory: return []
    case .classification: return ComparedTable.classificationRows
    case .predictors: return ComparedTable.predictorRows
    case .detection: return ComparedTable.detectionRows
    case .segmentation: return ComparedTable.segmentationRows
    case .ablations: return ComparedTable.ablationRows
    case .widths: return ComparedTable.widthRows
    }
  }

  private static var classificationRows: [ComparedRow] {
    typealias Published = Paper.Classification
    func row(_ published: PublishedFigures, _ layout: NetworkLayout, _ notes: ComparisonNote...) -> ComparedRow {
      var row = ComparedRow(published, "top-1", .classifier(layout), notes: notes)
      if notes.contains(.withoutNormalisation) { row.alike = row.network?.countsWithoutNormalisation }
      return row
    }
    return [
      row(Published.mobileNetV1, .mobileNetV1(), .ownPaper),
      row(Published.shuffleNet15, .shuffleNet(groups: 3, scale: 1.5)),
      row(Published.shuffleNet2, .shuffleNet(groups: 3, scale: 2)),
      ComparedRow(Published.nasNet, "top-1", notes: [.onlyPrinted]),
      row(Published.mobileNetV2, .mobileNetV2(), .withoutNormalisation),
      row(Published.mobileNetV2Wide, .mobileNetV2(width: 1.4), .withoutNormalisation, .widenedClasses),
    ]
  }

  private static var predictorRows: [ComparedRow] {
    func row(_ published: PublishedFigures, _ head: NetworkTask, _ notes: [ComparisonNote]) -> ComparedRow {
      var row = ComparedRow(published, "", .detector(.mobileNetV2(), head), notes: [.headAlone] + notes)
      row.ours = row.network?.headCounts
      return row
    }
    var lite = row(Paper.Predictors.ssdLite, .ssdlite, [.twice])
    lite.alike = lite.ours
    lite.alike?.multiplyAdds *= 2
    return [row(Paper.Predictors.ssd, .ssd, []), lite]
  }

  private static var detectionRows: [ComparedRow] {
    typealias Published = Paper.Detection
    var rows = [Published.ssd300, Published.ssd512, Published.yolo].map { published in
      ComparedRow(published, "mAP", notes: [.onlyPrinted])
    }
    rows.append(ComparedRow(Published.mobileNetV1, "mAP", .detector(.mobileNetV1())))
    rows.append(ComparedRow(Published.mobileNetV2, "mAP", .detector(.mobileNetV2())))
    return rows
  }

  private static var segmentationRows: [ComparedRow] {
    typealias Published = Paper.Segmentation
    func row(
      _ published: PublishedFigures, _ layout: NetworkLayout, hasASPP: Bool, _ extra: ComparisonNote...
    ) -> ComparedRow {
      let network = ComparedNetwork.segmenter(layout, hasASPP: hasASPP)
      var row = ComparedRow(published, "mIoU", network)
      guard published.accuracy != nil else { return row }
      row.isOnlyAlike = extra.contains(.passes)
      row.alike = network.countsInTensorFlow(passes: row.isOnlyAlike)
      row.notes = [.bothNormalisations, .filledUp] + extra
      return row
    }
    func v1(_ stride: Int) -> NetworkLayout { .mobileNetV1(outputStride: stride) }
    func v2(_ stride: Int) -> NetworkLayout { .mobileNetV2(outputStride: stride, hasLastConvolution: false) }
    return [
      row(Published.v1, v1(16), hasASPP: true),
      row(Published.v1Fine, v1(8), hasASPP: true, .passes, .notFound),
      row(PublishedFigures("MNet V1, OS 16"), v1(16), hasASPP: false),
      row(PublishedFigures("MNet V1, OS 8"), v1(8), hasASPP: false),
      row(Published.v2, v2(16), hasASPP: true),
      row(Published.v2Fine, v2(8), hasASPP: true, .passes),
      row(Published.v2Plain, v2(16), hasASPP: false),
      row(Published.v2PlainFine, v2(8), hasASPP: false, .passes),
      ComparedRow(Published.resNet, "mIoU", notes: [.onlyPrinted]),
      ComparedRow(Published.resNetFine, "mIoU", notes: [.onlyPrinted]),
    ]
  }

  private static var ablationRows: [ComparedRow] {
    let variants: [(String, Ablation)] = [
      ("linear, shortcut between bottlenecks", Ablation()),
      ("ReLU6, shortcut between bottlenecks", Ablation(bottleneck: .relu6)),
      ("linear, shortcut between expansions", Ablation(shortcut: .expansions)),
      ("linear, no shortcut", Ablation(shortcut: .none)),
    ]
    return variants.map { name, ablation in
      ComparedRow(
        PublishedFigures(name), "top-1", .classifier(.mobileNetV2(ablation: ablation)), notes: [.drawnOnly])
    }
  }

  private static var widthRows: [ComparedRow] {
    PublishedCheckpoint.all.map { one in
      let network = ComparedNetwork.classifier(.mobileNetV2(width: one.width), size: one.size)
      var row = ComparedRow(one.figures, "top-1", network, notes: [.withoutNormalisation, .cutOff])
      row.alike = network.countsWithoutNormalisation
      return row
    }
  }
}

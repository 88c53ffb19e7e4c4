/// A classifier that the authors published, as in the paper's figure 5: ImageNet, top-1.
///
/// Source: the list of checkpoints in TensorFlow's models, research/slim/nets/mobilenet/README.md.
struct PublishedCheckpoint: Sendable {
  let width: Double
  let size: Int
  let figures: PublishedFigures

  private init(
    _ width: Double, _ size: Int, _ multiplyAdds: PrintedNumber, _ parameters: PrintedNumber, _ top1: PrintedNumber,
    _ milliseconds: PrintedNumber
  ) {
    self.width = width
    self.size = size
    figures = PublishedFigures("MobileNetV2 (\(width)), \(size)", top1, parameters, multiplyAdds, milliseconds)
  }

  static let all = [
    PublishedCheckpoint(1.4, 224, "582M", "6.06M", "75.0", "138.0"),
    PublishedCheckpoint(1.3, 224, "509M", "5.34M", "74.4", "123.0"),
    PublishedCheckpoint(1.0, 224, "300M", "3.47M", "71.8", "73.8"),
    PublishedCheckpoint(1.0, 192, "221M", "3.47M", "70.7", "55.1"),
    PublishedCheckpoint(1.0, 160, "154M", "3.47M", "68.8", "40.2"),
    PublishedCheckpoint(1.0, 128, "99M", "3.47M", "65.3", "27.6"),
    PublishedCheckpoint(1.0, 96, "56M", "3.47M", "60.3", "17.6"),
    PublishedCheckpoint(0.75, 224, "209M", "2.61M", "69.8", "55.8"),
    PublishedCheckpoint(0.75, 192, "153M", "2.61M", "68.7", "41.6"),
    PublishedCheckpoint(0.75, 160, "107M", "2.61M", "66.4", "30.4"),
    PublishedCheckpoint(0.75, 128, "69M", "2.61M", "63.2", "21.9"),
    PublishedCheckpoint(0.75, 96, "39M", "2.61M", "58.8", "14.2"),
    PublishedCheckpoint(0.5, 224, "97M", "1.95M", "65.4", "28.7"),
    PublishedCheckpoint(0.5, 192, "71M", "1.95M", "63.9", "21.1"),
    PublishedCheckpoint(0.5, 160, "50M", "1.95M", "61.0", "14.9"),
    PublishedCheckpoint(0.5, 128, "32M", "1.95M", "57.7", "9.9"),
    PublishedCheckpoint(0.5, 96, "18M", "1.95M", "51.2", "6.4"),
    PublishedCheckpoint(0.35, 224, "59M", "1.66M", "60.3", "19.7"),
    PublishedCheckpoint(0.35, 192, "43M", "1.66M", "58.2", "14.6"),
    PublishedCheckpoint(0.35, 160, "30M", "1.66M", "55.7", "10.5"),
    PublishedCheckpoint(0.35, 128, "20M", "1.66M", "50.8", "6.9"),
    PublishedCheckpoint(0.35, 96, "11M", "1.66M", "45.5", "4.5"),
  ]
}

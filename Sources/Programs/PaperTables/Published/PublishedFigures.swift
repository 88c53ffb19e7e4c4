/// The printed figures of a network; `nil` for missing ones.
struct PublishedFigures: Sendable {
  /// The network's name in the table.
  let network: String
  /// The accuracy in percent: top-1, mean average precision or mean IoU.
  var accuracy: PrintedNumber?
  var parameters: PrintedNumber?
  var multiplyAdds: PrintedNumber?
  /// The time on the large core of a Google Pixel 1, with TensorFlow Lite.
  var milliseconds: PrintedNumber?

  init(
    _ network: String, _ accuracy: PrintedNumber? = nil, _ parameters: PrintedNumber? = nil,
    _ multiplyAdds: PrintedNumber? = nil, _ milliseconds: PrintedNumber? = nil
  ) {
    self.network = network
    self.accuracy = accuracy
    self.parameters = parameters
    self.multiplyAdds = multiplyAdds
    self.milliseconds = milliseconds
  }
}

/// Source: "MobileNetV2: Inverted Residuals and Linear Bottlenecks" (CVPR 2018).
enum Paper {
  /// Table 4: ImageNet, top-1.
  enum Classification {
    static let mobileNetV1 = PublishedFigures("MobileNetV1", "70.6", "4.2M", "575M", "113")
    static let shuffleNet15 = PublishedFigures("ShuffleNet (1.5)", "71.5", "3.4M", "292M")
    static let shuffleNet2 = PublishedFigures("ShuffleNet (x2)", "73.7", "5.4M", "524M")
    static let nasNet = PublishedFigures("NasNet-A", "74.0", "5.3M", "564M", "183")
    static let mobileNetV2 = PublishedFigures("MobileNetV2", "72.0", "3.4M", "300M", "75")
    static let mobileNetV2Wide = PublishedFigures("MobileNetV2 (1.4)", "74.7", "6.9M", "585M", "143")
  }

  /// Table 5: SSD's predictors on MobileNetV2, for 80 classes.
  enum Predictors {
    static let ssd = PublishedFigures("SSD", nil, "14.8M", "1.25B")
    static let ssdLite = PublishedFigures("SSDLite", nil, "2.1M", "0.35B")
  }

  /// Table 6: COCO test-dev, mean average precision.
  enum Detection {
    static let ssd300 = PublishedFigures("SSD300", "23.2", "36.1M", "35.2B")
    static let ssd512 = PublishedFigures("SSD512", "26.8", "36.1M", "99.5B")
    static let yolo = PublishedFigures("YOLOv2", "21.6", "50.7M", "17.5B")
    static let mobileNetV1 = PublishedFigures("MNet V1 + SSDLite", "22.2", "5.1M", "1.3B", "270")
    static let mobileNetV2 = PublishedFigures("MNet V2 + SSDLite", "22.1", "4.3M", "0.8B", "200")
  }

  /// Table 7: Pascal VOC 2012 validation set, mean IoU.
  ///
  /// MF: the mean over six sizes of the image, each mirrored too.
  enum Segmentation {
    static let v1 = PublishedFigures("MNet V1, OS 16, ASPP", "75.29", "11.15M", "14.25B")
    static let v1Fine = PublishedFigures("MNet V1, OS 8, ASPP, MF", "78.56", "11.15M", "941.9B")
    static let v2 = PublishedFigures("MNet V2*, OS 16, ASPP", "75.70", "4.52M", "5.8B")
    static let v2Fine = PublishedFigures("MNet V2*, OS 8, ASPP, MF", "78.42", "4.52M", "387B")
    static let v2Plain = PublishedFigures("MNet V2*, OS 16", "75.32", "2.11M", "2.75B")
    static let v2PlainFine = PublishedFigures("MNet V2*, OS 8, MF", "77.33", "2.11M", "152.6B")
    static let resNet = PublishedFigures("ResNet-101, OS 16, ASPP", "80.49", "58.16M", "81.0B")
    static let resNetFine = PublishedFigures("ResNet-101, OS 8, ASPP, MF", "82.70", "58.16M", "4870.6B")
  }

  /// Table 3: channels and kilobytes of the largest tensor at a size of map, with activations of 16 bits.
  struct Memory: Sendable {
    let side: Int
    let mobileNetV1, mobileNetV2, shuffleNet: (channels: Int, kilobytes: Int)

    static let rows = [
      Memory(side: 112, mobileNetV1: (64, 1600), mobileNetV2: (16, 400), shuffleNet: (32, 800)),
      Memory(side: 56, mobileNetV1: (128, 800), mobileNetV2: (32, 200), shuffleNet: (48, 300)),
      Memory(side: 28, mobileNetV1: (256, 400), mobileNetV2: (64, 100), shuffleNet: (400, 600)),
      Memory(side: 14, mobileNetV1: (512, 200), mobileNetV2: (160, 62), shuffleNet: (800, 310)),
      Memory(side: 7, mobileNetV1: (1024, 199), mobileNetV2: (320, 32), shuffleNet: (1600, 156)),
      Memory(side: 1, mobileNetV1: (1024, 2), mobileNetV2: (1280, 2), shuffleNet: (1600, 3)),
    ]
    /// The last line of the table.
    static let greatest = (mobileNetV1: 1600, mobileNetV2: 400, shuffleNet: 600)
  }
}

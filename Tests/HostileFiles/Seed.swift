import TestSupport

/// A valid file to be damaged.
package struct Seed: Sendable {
  package let name: String
  package let bytes: [UInt8]
  /// The range in which almost every byte has a meaning, outside of the long and uniform weights.
  package let focus: Range<Int>

  package init(_ name: String, _ bytes: [UInt8], focus: Range<Int>? = nil) {
    self.name = name
    self.bytes = bytes
    self.focus = focus ?? 0..<bytes.count
  }

  /// Small valid files of every kind of a format; images are those of the golden tables.
  package static func all(_ format: HostileFormat) -> [Seed] {
    switch format {
    case .coco: COCOSeeds.all
    case .cvat: ExportSeeds.cvat
    case .graph: GraphWriter.seeds
    case .jpeg: pictures("jpeg")
    case .labelme: ExportSeeds.labelme
    case .png: pictures("png")
    case .safetensors: NetworkSeeds.safetensors
    case .supervisely: ExportSeeds.supervisely
    case .tflite: NetworkSeeds.tfLite
    case .voc: VOCSeeds.all
    case .yolo: YOLOSeeds.all
    }
  }

  private static func pictures(_ table: String) -> [Seed] {
    let text = (try? Golden.bytes("images/\(table).tsv")) ?? []
    return text.split(separator: UInt8(ascii: "\n")).map { line in
      let fields = line.split(separator: UInt8(ascii: "\t"))
      return Seed(String(decoding: fields[0], as: UTF8.self), hexadecimal(fields[4]))
    }
  }

  private static func hexadecimal(_ digits: ArraySlice<UInt8>) -> [UInt8] {
    func value(_ digit: UInt8) -> UInt8 { digit < 0x3A ? digit - 0x30 : digit - 0x57 }
    return stride(from: digits.startIndex, to: digits.endIndex, by: 2).map {
      value(digits[$0]) << 4 | value(digits[$0 + 1])
    }
  }
}

import CObjects
import CPersonMask
import Files
@_exported import ModelFiles

/// The models that are part of the package. Their cards, with data, recipe and figures, are the READMEs of
/// `Heads/Objects` and `Heads/PersonMask`.
extension ShippedModel {
  /// Finds the 20 classes of Pascal VOC: SSDLite on MobileNetV2.
  public static let objects = ShippedModel(
    file: unsafe MappedFile(path: "objects-ssdlite", constant: backbone_objects_ssdlite))

  /// Outlines the same classes on the backbone of `objects`, its base.
  public static let objectMasks = ShippedModel(
    file: unsafe MappedFile(path: "objects-mask", constant: backbone_objects_mask))

  /// Finds people better than `objects` does: SSDLite on MobileNetV2.
  public static let people = ShippedModel(
    file: unsafe MappedFile(path: "person-ssdlite", constant: backbone_person_ssdlite))

  /// Outlines people on the backbone of `people`, its base.
  public static let personMasks = ShippedModel(
    file: unsafe MappedFile(path: "person-mask", constant: backbone_person_mask))

  /// The four models above.
  public static let all = [objects, objectMasks, people, personMasks]
}

extension ModelStore {
  /// The installed models, in the user's folder, and the shipped ones.
  ///
  /// Where neither variable nor home says where models are, the shipped ones alone.
  public static func standard(limits: Limits = .standard) -> ModelStore {
    (try? user(shipped: ShippedModel.all, limits: limits))
      ?? ModelStore(folder: "", shipped: ShippedModel.all, limits: limits)
  }
}

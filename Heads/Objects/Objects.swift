import CObjects
import Files
import ModelFiles

/// The two models that ship with the package: a detector of the 20 classes of Pascal VOC, and masks of the same classes on
/// the detector's backbone.
///
/// Their card, with data, recipe and figures by class, is `Heads/Objects/README.md`.
public enum Objects {
  /// The detector, SSDLite on MobileNetV2.
  public static let detector = ShippedModel(
    file: unsafe MappedFile(path: "objects-ssdlite", constant: backbone_objects_ssdlite))

  /// The masks; the detector is their base.
  public static let mask = ShippedModel(
    file: unsafe MappedFile(path: "objects-mask", constant: backbone_objects_mask))
}

import CPersonMask
import Files
import ModelFiles

/// The models of people that ship with the package: a detector, and a segmentation head on its backbone.
///
/// Their card, with data, recipe and figures, is `Heads/PersonMask/README.md`.
public enum PersonMask {
  /// The detector, SSDLite on MobileNetV2.
  public static let detector = ShippedModel(
    file: unsafe MappedFile(path: "person-ssdlite", constant: backbone_person_ssdlite))

  /// The model, to be found by a store beside those that are installed; its base must be among these.
  public static let model = ShippedModel(
    file: unsafe MappedFile(path: "person-mask", constant: backbone_person_mask))
}

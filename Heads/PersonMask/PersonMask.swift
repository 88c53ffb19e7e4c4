import CPersonMask
import Files
import ModelFiles

/// The segmentation head that ships with the package: it outlines people on the backbone of `person-ssdlite`.
///
/// Its card, with data, recipe and figures, is `Heads/PersonMask/README.md`.
public enum PersonMask {
  /// The model, to be found by a store beside those that are installed; its base must be among these.
  public static let model = ShippedModel(
    file: unsafe MappedFile(path: "person-mask", constant: backbone_person_mask))
}

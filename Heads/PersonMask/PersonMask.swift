import CPersonMask
import Files
import ModelFiles

/// The segmentation head that ships with the package: it outlines people on the backbone of `person-ssdlite`.
///
/// Its card, with data, recipe and figures, is `Heads/PersonMask/README.md`.
public enum PersonMask {
  /// Its name among the models.
  public static let name = "person-mask"

  /// The model, to be found by a store beside those that are installed; its base must be among these.
  public static var model: ShippedModel {
    var size = 0
    let bytes = unsafe backbone_person_mask(&size)
    let file = unsafe MappedFile(path: name, constant: UnsafeRawBufferPointer(start: bytes, count: size))
    return ShippedModel(name: name, file: file)
  }
}

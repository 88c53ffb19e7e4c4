import Files
import ImageCodecs
import ImageTypes
import TestSupport

/// An image of the goldens, as displayed: from `Samples` or from the development data.
///
/// - Parameter file: a path below `root`.
func picture(_ file: String, in root: String) throws -> Image {
  let path = "\(root)/\(file)"
  return file.hasSuffix(".bmp") ? try Bitmap(path: path).image : try ImageFile.read(path: path)
}

/// The digest of an image's pixels, as in the generators: SHA-256 of the RGB bytes.
func digest(_ image: Image) -> String { SHA256.hexDigest(of: image.pixels) }

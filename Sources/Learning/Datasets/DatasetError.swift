@_exported import Files
import ImageCodecs

/// An error of reading a data set or a part of it.
public enum DatasetError: RemediedError, Equatable {
  /// The classes differ from the expected ones.
  case classes(expected: String, found: String)
  /// Two files claim the same name.
  case duplicate(file: String, other: String)
  /// An excess over one of the `Limits`, checked before memory is allocated.
  case excess(file: String, place: Place, LimitExcess)
  /// A file or a folder could not be opened.
  case file(FileError)
  /// A text with an invalid or meaningless value.
  case invalid(file: String, place: Place, expected: String, found: String)
  /// An excess over a fixed limit of the format or the program.
  case limit(file: String, place: Place, what: String, allowed: Int, found: Int)
  /// Masks in colours that no table has; `missing` are those that the table lacks, where there is a table.
  case maskColours(file: String, found: String, table: String?, missing: [String])
  /// A required part is missing.
  case missing(file: String, expected: String)
  /// A picture or a mask could not be read.
  case picture(ImageError)
  /// Several files that may each describe the data set.
  case severalFiles([String], expected: String)
  /// Two sizes that must be equal differ.
  case size(file: String, expected: String, found: String)
  /// An invalid rule for splitting a data set.
  case split(rule: String, expected: String)
  /// The folder has the layout of no known format; `found` says what is in it.
  case unknownFormat(folder: String, found: String)

  /// The place of an error in a file.
  public enum Place: Hashable, Sendable, CustomStringConvertible {
    /// An offset in bytes from the file's beginning.
    case byte(Int)
    /// A path of names, such as `annotation/object[2]/bndbox`.
    case element(String)
    /// A line, counted from 1, and the byte of the file where it begins or where reading stopped.
    case line(Int, byte: Int)
    /// The file as a whole.
    case whole

    /// The place as messages begin with it, with a colon and a space behind it; empty for the whole file.
    public var description: String {
      switch self {
      case .byte(let offset): return "byte \(offset): "
      case .element(let path): return "\(path): "
      case .line(let number, let byte): return "line \(number), byte \(byte): "
      case .whole: return ""
      }
    }
  }

  /// Raising the limit that was exceeded; `nil` for the other errors.
  public var remedy: Remedy? {
    switch self {
    case .excess(_, _, let excess): return excess.remedy
    case .file(let error): return error.remedy
    case .picture(let error): return error.remedy
    case .severalFiles(let files, _): return .nameFile(files)
    default: return nil
    }
  }

  /// The file, the place in it and the problem in words, with advice.
  public var problem: String {
    switch self {
    case .classes(let expected, let found):
      return "the data set's classes are \(found), expected \(expected); name classes that it has"
    case .duplicate(let file, let other):
      return "\(file.onOneLine): has the same name as \(other.onOneLine), expected one of them; remove or rename one"
    case .excess(let file, let place, let excess):
      return "\(file.onOneLine): \(place.description.onOneLine)\(excess.problem)"
    case .file(let error): return error.problem
    case .invalid(let file, let place, let expected, let found):
      return
        "\(file.onOneLine): \(place.description.onOneLine)found \(found.onOneLine), expected \(expected.onOneLine); "
        + "correct the file or remove it"
    case .limit(let file, let place, let what, let allowed, let found):
      return "\(file.onOneLine): \(place.description.onOneLine)\(what): found \(found), expected at most \(allowed); "
        + "use a smaller file"
    case .maskColours(let file, let found, let table, let missing):
      let example = missing.last ?? "128,0,0"
      let list = table.map {
        "expected those of \($0.onOneLine), which lacks \(missing.joined(separator: " | ")); add them"
      }
      return "\(file.onOneLine): is a mask in colour with \(found), "
        + (list
          ?? "expected a table of what they mean; write class_dict.csv beside the folder of masks, a line name,r,g,b for "
          + "each class and the background, for example background,0,0,0 and thing,\(example)")
    case .missing(let file, let expected):
      return "\(file.onOneLine): is missing, expected \(expected.onOneLine); add it or remove what refers to it"
    case .picture(let error): return error.problem
    case .severalFiles(let files, let expected):
      let named = files.prefix(8).map(\.onOneLine).joined(separator: " and ")
      return "\(named)\(files.count > 8 ? " and \(files.count - 8) more" : ""): \(files.count) files, expected "
        + expected.onOneLine
    case .size(let file, let expected, let found):
      return "\(file.onOneLine): is \(found), expected \(expected); get the matching file or remove it"
    case .split(let rule, let expected):
      return "cannot split by \"\(rule.onOneLine)\", expected \(expected.onOneLine)"
    case .unknownFormat(let folder, let found):
      return
        "\(folder.onOneLine): is no data set of a known format: \(found.onOneLine); expected COCO (a JSON file), Pascal "
        + "VOC (XML files, or JPEGImages with SegmentationClass), YOLO (text files with data.yaml, classes.txt or "
        + "obj.names), LabelMe, CVAT, Supervisely, _annotations.csv, images with masks, a folder for each class or "
        + "classes.csv; name the format if the folders are named otherwise"
    }
  }
}

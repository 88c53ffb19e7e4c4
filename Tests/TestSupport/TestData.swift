#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif
import Synchronization

/// The files of tests: those of the package, and the real data, which are not committed.
public enum TestData {
  /// The package's own folder.
  public static let packageRoot: String = {
    // This file is Tests/TestSupport/TestData.swift.
    var parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
    parts.removeLast(3)
    return parts.joined(separator: "/")
  }()

  /// The folder of images and models for development: `$BACKBONE_TEST_DATA`, else `../shared/data` beside the package.
  public static let dataRoot: String? = {
    let environment = ProcessInfo.processInfo.environment
    let candidates = [environment["BACKBONE_TEST_DATA"], packageRoot + "/../shared/data"].compactMap { $0 }
    return candidates.first { FileManager.default.fileExists(atPath: $0) }
  }()

  /// The path of a file or folder of the data, or `nil` if it is missing.
  public static func path(_ name: String) -> String? {
    guard let dataRoot else { return existing(nil, name) }
    let path = dataRoot + "/" + name
    return existing(path, name)
  }

  /// Whether the data contain that file or folder.
  public static func has(_ name: String) -> Bool { path(name) != nil }

  /// The message of a skipped test.
  public static func absence(of name: String) -> String {
    "needs \(name) of the development data; set BACKBONE_TEST_DATA to the folder that has it"
  }

  /// The folder of installed models: `$BACKBONE_MODELS`, else the user's data folder.
  public static let modelsFolder: String = {
    let environment = ProcessInfo.processInfo.environment
    if let folder = environment["BACKBONE_MODELS"], !folder.isEmpty { return folder }
    if let data = environment["XDG_DATA_HOME"], !data.isEmpty { return data + "/backbone/models" }
    return (environment["HOME"] ?? "") + "/.local/share/backbone/models"
  }()

  /// The path of an installed model, or `nil`.
  public static func model(_ name: String) -> String? {
    existing("\(modelsFolder)/\(name).safetensors", "the model \(name)")
  }

  /// The path of an existing file; the name of an absent one is told in a line when the process ends.
  private static func existing(_ path: String?, _ name: String) -> String? {
    if let path, FileManager.default.fileExists(atPath: path) { return path }
    absent.withLock { names in
      if names.isEmpty { _ = atexit { TestData.tellAbsent() } }
      names.insert(name)
    }
    return nil
  }

  private static let absent = Mutex<Set<String>>([])

  private static func tellAbsent() {
    let names = absent.withLock { $0.sorted().joined(separator: ", ") }
    print("Tests skipped for want of development data (BACKBONE_TEST_DATA): those that need \(names)")
  }

  /// The message of a test that is skipped because a model is missing.
  public static func absence(ofModel name: String) -> String {
    "needs the model \(name), which is not in \(modelsFolder); `backbone models fetch \(name)` installs it"
  }

  /// The path of a sample image in the package.
  public static func sample(_ name: String) -> String { "\(packageRoot)/Samples/\(name)" }

  /// Calls a closure with an empty temporary folder, which is removed afterwards.
  public static func withTemporaryFolder<R>(_ body: (String) throws -> R) throws -> R {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("backbone-test-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    return try body(folder.path)
  }
}

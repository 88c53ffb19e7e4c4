// swift-tools-version: 6.2
// A package of somebody else: it depends on ours by path and uses what is public alone.
import Foundation
import PackageDescription

func ours(_ name: String) -> Target.Dependency { .product(name: name, package: "backbone") }

/// The snippets of our package, if they have been copied here, as tests of the public API from outside.
let snippets =
  ((try? FileManager.default.contentsOfDirectory(atPath: Context.packageDirectory + "/Sources/Snippets")) ?? [])
  .sorted().map { file in
    Target.executableTarget(
      name: String(file.dropLast(".swift".count)),
      dependencies: [ours("Backbone"), ours("Models"), ours("Training"), ours("Vision")], path: "Sources/Snippets",
      sources: [file])
  }

let package = Package(
  name: "OutsidePackage",
  platforms: [.macOS(.v15)],
  dependencies: [.package(name: "backbone", path: "../..")],
  targets: [
    .executableTarget(name: "OutsideHead", dependencies: [ours("Backbone")]),
    .executableTarget(name: "OutsideNetwork", dependencies: [ours("Backbone"), ours("Training"), ours("Vision")]),
  ] + snippets
)

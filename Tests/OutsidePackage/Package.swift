// swift-tools-version: 6.2
// A package of somebody else: it depends on ours by path and uses what is public alone.
import PackageDescription

func ours(_ name: String) -> Target.Dependency { .product(name: name, package: "backbone") }

let package = Package(
  name: "OutsidePackage",
  platforms: [.macOS(.v15)],
  dependencies: [.package(name: "backbone", path: "../..")],
  targets: [
    .executableTarget(name: "OutsideHead", dependencies: [ours("Backbone")]),
    .executableTarget(name: "OutsideNetwork", dependencies: [ours("Backbone"), ours("Training"), ours("Vision")]),
    .executableTarget(
      name: "Readme", dependencies: [ours("Backbone"), ours("Objects"), ours("Training"), ours("Vision")]),
  ]
)

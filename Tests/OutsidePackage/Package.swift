// swift-tools-version: 6.2
// A package of somebody else: it depends on ours by path and imports the two modules that a custom head needs.
import PackageDescription

let package = Package(
  name: "OutsidePackage",
  dependencies: [.package(name: "backbone", path: "../..")],
  targets: [
    .executableTarget(name: "OutsideHead", dependencies: [.product(name: "Backbone", package: "backbone")])
  ]
)

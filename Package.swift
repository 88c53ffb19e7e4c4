// swift-tools-version: 6.2
import PackageDescription

// Every Swift target is held to the same strictness: Swift 6 mode, no unmarked unsafe code, explicit existentials.
let strict: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .strictMemorySafety(),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

/// Clang has no fast-math here on purpose: results must not depend on how the compiler reassociates.
let kernelFlags: [CSetting] = [.define("NDEBUG")]

/// A library target; its folder is `folder/name`.
func module(
  _ name: String, in folder: String, _ dependencies: [Target.Dependency], exclude: [String] = [],
  linker: [LinkerSetting]? = nil
) -> Target {
  .target(
    name: name, dependencies: dependencies, path: "\(folder)/\(name)", exclude: exclude, swiftSettings: strict,
    linkerSettings: linker)
}

/// A library of the system; its folder holds a module map.
func system(_ name: String, in folder: String, _ pkgConfig: String, apt: String, brew: String) -> Target {
  .systemLibrary(
    name: name, path: "\(folder)/\(name)", pkgConfig: pkgConfig, providers: [.apt([apt]), .brew([brew])])
}

func program(_ name: String, in folder: String, _ dependencies: [Target.Dependency]) -> Target {
  .executableTarget(name: name, dependencies: dependencies, path: folder, swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .testTarget(
    name: name, dependencies: dependencies + ["TestSupport"], path: "Tests/\(name)", swiftSettings: strict)
}

let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")

let package = Package(
  name: "backbone",
  products: [
    .library(name: "Backbone", targets: ["Backbone"]),
    .library(name: "Checkpoints", targets: ["Checkpoints"]),
    .library(name: "Datasets", targets: ["Datasets"]),
    .library(name: "DeepLabLite", targets: ["DeepLabLite"]),
    .library(name: "Evaluation", targets: ["Evaluation"]),
    .library(name: "Files", targets: ["Files"]),
    .library(name: "Graphs", targets: ["Graphs"]),
    .library(name: "ImageCodecs", targets: ["ImageCodecs"]),
    .library(name: "ImageTypes", targets: ["ImageTypes"]),
    .library(name: "ModelFetch", targets: ["ModelFetch"]),
    .library(name: "ModelFiles", targets: ["ModelFiles"]),
    .library(name: "Models", targets: ["Models"]),
    .library(name: "Overlay", targets: ["Overlay"]),
    .library(name: "Processing", targets: ["Processing"]),
    .library(name: "PyramidLite", targets: ["PyramidLite"]),
    .library(name: "SSDLite", targets: ["SSDLite"]),
    .library(name: "Tensors", targets: ["Tensors"]),
    .library(name: "Training", targets: ["Training"]),
    .library(name: "Vision", targets: ["Vision"]),
    .executable(name: "detect", targets: ["detect"]),
    .executable(name: "segment", targets: ["segment"]),
    .executable(name: "backbone", targets: ["BackboneTool"]),
    .executable(name: "paper-tables", targets: ["PaperTables"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    // Without its traits it needs FoundationEssentials only: a program with all of Foundation starts a third slower and
    // holds 6 MB more.
    .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0", traits: []),
  ],
  targets: [
    // MARK: Core: tensors, images, graphs, files, kernels
    module("Tensors", in: "Sources/Core", []),
    module("ImageTypes", in: "Sources/Core", ["Tensors"]),
    module("Files", in: "Sources/Core", []),
    module("Graphs", in: "Sources/Core", ["Tensors"]),
    module("ModelFiles", in: "Sources/Core", ["Files", "Graphs", "Tensors"]),
    .target(name: "CKernels", path: "Sources/Core/CKernels", cSettings: kernelFlags),
    module("Kernels", in: "Sources/Core", ["CKernels", "ImageTypes", "Tensors"], linker: [.linkedLibrary("m")]),

    // MARK: Network: the backbones, the compiler, the heads
    module("Backbone", in: "Sources/Network", ["Graphs", "Kernels", "ModelFiles", "Tensors"]),
    module("SSDLite", in: "Heads", ["Backbone", "Graphs", "ImageTypes", "ModelFiles", "Tensors"]),
    module("PyramidLite", in: "Heads", ["Backbone", "Graphs", "ModelFiles"]),
    module("DeepLabLite", in: "Heads", ["Backbone", "Graphs", "ModelFiles"]),

    // MARK: Formats: pictures and checkpoints of others
    system("CPNG", in: "Sources/Formats", "libpng", apt: "libpng-dev", brew: "libpng"),
    system("CJPEG", in: "Sources/Formats", "libjpeg", apt: "libjpeg-dev", brew: "jpeg-turbo"),
    system("CWebP", in: "Sources/Formats", "libwebp", apt: "libwebp-dev", brew: "webp"),
    .target(
      name: "CImageIO", dependencies: ["CPNG", "CJPEG", "CWebP"], path: "Sources/Formats/CImageIO",
      linkerSettings: [.linkedLibrary("png"), .linkedLibrary("jpeg"), .linkedLibrary("webp"), .linkedLibrary("z")]),
    module("ImageCodecs", in: "Sources/Formats", ["CImageIO", "Files", "ImageTypes"]),
    module(
      "Checkpoints", in: "Sources/Formats",
      [
        "Backbone", "DeepLabLite", "Files", "Graphs", "ModelFiles", "SSDLite",
        .product(name: "SwiftProtobuf", package: "swift-protobuf"), "Tensors",
      ], exclude: ["GraphDef/graph.proto"]),
    module("ModelFetch", in: "Sources/Formats", ["Checkpoints", "Files", "ModelFiles"]),

    // MARK: Vision: images in, detections and masks out
    module(
      "Processing", in: "Sources/Vision", ["ImageTypes", "Kernels", "ModelFiles", "Tensors"],
      linker: [.linkedLibrary("m")]),
    module("Overlay", in: "Sources/Vision", ["ImageTypes"], linker: [.linkedLibrary("m")]),
    module(
      "Vision", in: "Sources/Vision",
      [
        "Backbone", "DeepLabLite", "Files", "Graphs", "ImageCodecs", "ImageTypes", "Kernels", "ModelFiles", "Overlay",
        "Processing", "PyramidLite", "SSDLite", "Tensors",
      ]),
    // The models that are part of the package.
    .target(
      name: "CObjects", path: "Heads/Objects/CObjects",
      exclude: ["objects-ssdlite.safetensors", "objects-mask.safetensors"]),
    .target(
      name: "CPersonMask", path: "Heads/PersonMask/CPersonMask",
      exclude: ["person-mask.safetensors", "person-ssdlite.safetensors"]),
    module("Models", in: "Sources/Vision", ["CObjects", "CPersonMask", "Files", "ModelFiles", "Vision"]),

    // MARK: Learning: data sets, training, evaluation
    system("CExpat", in: "Sources/Learning", "expat", apt: "libexpat1-dev", brew: "expat"),
    module(
      "Datasets", in: "Sources/Learning", ["CExpat", "Files", "ImageCodecs", "ImageTypes", "Kernels", "Tensors"],
      linker: [.linkedLibrary("m")]),
    module("Evaluation", in: "Sources/Learning", ["ImageTypes"]),
    module("Charts", in: "Sources/Learning", ["ImageTypes", "Overlay"], linker: [.linkedLibrary("m")]),
    module(
      "Training", in: "Sources/Learning",
      [
        "Backbone", "Datasets", "DeepLabLite", "Evaluation", "Files", "Graphs", "ImageCodecs", "ImageTypes", "Kernels",
        "ModelFiles", "Processing", "PyramidLite", "SSDLite", "Tensors",
      ]),

    // MARK: Programs
    module(
      "CLISupport", in: "Sources/Programs",
      [
        argumentParser, "Backbone", "DeepLabLite", "Files", "Graphs", "ImageCodecs", "ImageTypes", "Kernels",
        "ModelFiles", "Models", "Processing", "SSDLite", "Tensors",
      ], linker: [.linkedLibrary("m")]),
    program(
      "detect", in: "Sources/Programs/detect",
      [argumentParser, "CLISupport", "Files", "ImageTypes", "Kernels", "ModelFiles", "Overlay", "Processing", "Vision"]),
    program(
      "segment", in: "Sources/Programs/segment",
      [argumentParser, "CLISupport", "Files", "ImageTypes", "Kernels", "ModelFiles", "Overlay", "Vision"]),
    program(
      "BackboneTool", in: "Sources/Programs/BackboneTool",
      [
        argumentParser, "Backbone", "CLISupport", "Charts", "Checkpoints", "Datasets", "Evaluation", "Files", "Graphs",
        "ImageCodecs", "ImageTypes", "Kernels", "ModelFetch", "ModelFiles", "Models", "Overlay", "Processing",
        "PyramidLite", "Tensors", "Training", "Vision",
      ]),
    // The paper's comparison, made again: for the README, not to be installed.
    program(
      "PaperTables", in: "Sources/Programs/PaperTables",
      [
        argumentParser, "Backbone", "CLISupport", "Charts", "DeepLabLite", "Files", "Graphs", "ImageCodecs",
        "ImageTypes", "Kernels", "Tensors",
      ]),
    program("CustomHead", in: "Samples/CustomHead", ["Backbone"]),

    // MARK: Tests
    .target(name: "SanitizerSupport", path: "Tests/SanitizerSupport"),
    module("TestSupport", in: "Tests", ["ImageTypes", "SanitizerSupport", "Tensors"]),
    // The plain Swift reference kernels and single kernels by themselves: what tests hold the fast ones to.
    module("KernelOracles", in: "Tests", ["Kernels", "Tensors"], linker: [.linkedLibrary("m")]),
    module(
      "HostileFiles", in: "Tests",
      ["Checkpoints", "Datasets", "Files", "ImageCodecs", "ImageTypes", "ModelFiles", "Tensors", "TestSupport"]),
    program("mutate", in: "Tests/Mutation", [argumentParser, "Files", "HostileFiles", "ModelFetch"]),
    tests(
      "BackboneTests", ["Backbone", "Checkpoints", "DeepLabLite", "KernelOracles", "Kernels", "ModelFiles", "Tensors"]),
    tests("CLISupportTests", ["CLISupport", "Files", "ModelFiles"]),
    tests("ChartsTests", ["Charts", "ImageTypes", "Overlay"]),
    tests(
      "CheckpointsTests",
      [
        "Backbone", "Checkpoints", "Files", "ModelFiles", .product(name: "SwiftProtobuf", package: "swift-protobuf"),
        "Tensors",
      ]),
    tests("DatasetsTests", ["Datasets", "Files", "ImageCodecs", "ImageTypes", "Kernels", "Tensors"]),
    tests("EvaluationTests", ["Evaluation", "ImageTypes"]),
    tests("FilesTests", ["Files"]),
    tests(
      "HeadsTests",
      [
        "Backbone", "DeepLabLite", "Graphs", "KernelOracles", "Kernels", "ModelFiles", "PyramidLite", "SSDLite",
        "Tensors",
      ]),
    tests("ImageCodecsTests", ["Files", "ImageCodecs", "ImageTypes", "Tensors"]),
    tests("KernelsTests", ["KernelOracles", "Kernels", "Tensors"]),
    tests("ModelFetchTests", ["Checkpoints", "Files", "ModelFetch", "ModelFiles"]),
    tests("ModelFilesTests", ["Files", "ModelFiles", "Tensors"]),
    tests("OverlayTests", ["ImageTypes", "Overlay"]),
    tests("ProcessingTests", ["ImageTypes", "Kernels", "ModelFiles", "Processing", "Tensors"]),
    tests(
      "RobustnessTests",
      ["Checkpoints", "Datasets", "Files", "HostileFiles", "ImageCodecs", "ModelFetch", "ModelFiles"]),
    tests(
      "SSDLiteTests", ["Backbone", "Graphs", "ImageTypes", "Kernels", "ModelFiles", "Processing", "SSDLite", "Tensors"]),
    tests("TensorsTests", ["ImageTypes", "Tensors"]),
    tests(
      "TrainingTests",
      [
        "Backbone", "Datasets", "DeepLabLite", "Files", "Graphs", "ImageCodecs", "ImageTypes", "Kernels", "ModelFiles",
        "PyramidLite", "SSDLite", "Tensors", "Training", "Vision",
      ]),
    tests(
      "VisionTests",
      [
        "Backbone", "Checkpoints", "Files", "Graphs", "ImageCodecs", "ImageTypes", "Kernels", "ModelFiles", "Models",
        "Processing", "SSDLite", "Tensors", "Vision",
      ]),
    // Runs the built programs, which every test build makes; the libraries only make and read files.
    tests(
      "CLITests",
      ["Backbone", "Graphs", "ImageCodecs", "ImageTypes", "Kernels", "ModelFiles", "Processing", "Tensors", "Vision"]),
  ]
)

// A program for libFuzzer has no beginning of its own, so it is there only where the sanitizer gives it one.
if Context.environment["BACKBONE_FUZZ"] != nil {
  package.targets.append(program("fuzz", in: "Tests/Fuzz", ["HostileFiles"]))
}

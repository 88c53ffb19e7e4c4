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

func module(
  _ name: String, _ dependencies: [Target.Dependency] = [], path: String? = nil, resources: [Resource]? = nil,
  exclude: [String] = [], linker: [LinkerSetting]? = nil
) -> Target {
  .target(
    name: name, dependencies: dependencies, path: path, exclude: exclude, resources: resources, swiftSettings: strict,
    linkerSettings: linker)
}

func program(_ name: String, _ dependencies: [Target.Dependency], path: String? = nil) -> Target {
  .executableTarget(name: name, dependencies: dependencies, path: path, swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], exclude: [String] = []) -> Target {
  .testTarget(
    name: name, dependencies: dependencies + ["TestSupport"], path: "Tests/\(name)", exclude: exclude,
    swiftSettings: strict)
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
    .library(name: "ModelFetch", targets: ["ModelFetch"]),
    .library(name: "ModelFiles", targets: ["ModelFiles"]),
    .library(name: "Models", targets: ["Models"]),
    .library(name: "Overlay", targets: ["Overlay"]),
    .library(name: "Postprocess", targets: ["Postprocess"]),
    .library(name: "Preprocess", targets: ["Preprocess"]),
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
    // MARK: The machine: memory and kernels
    module("Tensors"),
    module("Files"),
    module("Graphs", ["Tensors"]),
    module("ModelFiles", ["Tensors", "Files", "Graphs"]),
    .target(name: "CKernels", cSettings: kernelFlags),
    module("Kernels", ["Tensors", "CKernels"], linker: [.linkedLibrary("m")]),

    // MARK: The network
    module("Backbone", ["Tensors", "Graphs", "Kernels", "ModelFiles"]),
    module(
      "SSDLite", ["Backbone", "Graphs", "ModelFiles", "Tensors", "Postprocess"], path: "Heads/SSDLite"),
    module("PyramidLite", ["Backbone", "Graphs", "ModelFiles", "Tensors"], path: "Heads/PyramidLite"),
    module("DeepLabLite", ["Backbone", "Graphs", "ModelFiles", "Tensors"], path: "Heads/DeepLabLite"),

    // MARK: Files
    module(
      "Checkpoints",
      [
        "Tensors", "Files", "Graphs", "ModelFiles", "Backbone", "SSDLite", "DeepLabLite",
        .product(name: "SwiftProtobuf", package: "swift-protobuf"),
      ], exclude: ["GraphDef/graph.proto"]),
    module("ModelFetch", ["Files", "ModelFiles", "Checkpoints"]),
    .systemLibrary(name: "CPNG", pkgConfig: "libpng", providers: [.apt(["libpng-dev"]), .brew(["libpng"])]),
    .systemLibrary(name: "CJPEG", pkgConfig: "libjpeg", providers: [.apt(["libjpeg-dev"]), .brew(["jpeg-turbo"])]),
    .target(
      name: "CImageIO", dependencies: ["CPNG", "CJPEG"],
      linkerSettings: [.linkedLibrary("png"), .linkedLibrary("jpeg")]),
    module("ImageCodecs", ["Tensors", "Files", "CImageIO"]),

    // MARK: Pictures in, answers out
    module("Preprocess", ["Tensors", "ModelFiles", "Kernels"], linker: [.linkedLibrary("m")]),
    module("Postprocess", ["Tensors"], linker: [.linkedLibrary("m")]),
    module("Overlay", ["Tensors", "Postprocess"], linker: [.linkedLibrary("m")]),
    module("Evaluation", ["Postprocess", "Tensors"]),
    module("Charts", ["Overlay", "Postprocess", "Tensors"], linker: [.linkedLibrary("m")]),
    module(
      "Vision",
      [
        "Tensors", "Files", "ModelFiles", "Kernels", "Backbone", "ImageCodecs", "Preprocess", "Postprocess",
        "Overlay", "Graphs", "SSDLite", "DeepLabLite", "PyramidLite",
      ]),

    // MARK: The models that are part of the package
    .target(
      name: "CObjects", path: "Heads/Objects/CObjects",
      exclude: ["objects-ssdlite.safetensors", "objects-mask.safetensors"]),
    .target(
      name: "CPersonMask", path: "Heads/PersonMask/CPersonMask",
      exclude: ["person-mask.safetensors", "person-ssdlite.safetensors"]),
    module("Models", ["CObjects", "CPersonMask", "Files", "ModelFiles", "Vision"]),

    // MARK: Data sets
    .systemLibrary(name: "CExpat", pkgConfig: "expat", providers: [.apt(["libexpat1-dev"]), .brew(["expat"])]),
    module(
      "Datasets", ["CExpat", "Files", "ImageCodecs", "Kernels", "Postprocess", "Tensors"],
      linker: [.linkedLibrary("m")]),

    // MARK: Learning
    module(
      "Training",
      [
        "Tensors", "Files", "Kernels", "ModelFiles", "Backbone", "Graphs", "DeepLabLite", "PyramidLite", "SSDLite",
        "Postprocess", "Preprocess", "Datasets", "Evaluation",
      ]),

    // MARK: Programs
    module(
      "CLISupport",
      [
        "Backbone", "DeepLabLite", "Files", "Graphs", "ImageCodecs", "Kernels", "ModelFiles", "Models", "Postprocess",
        "SSDLite", "Tensors", "Vision", argumentParser,
      ],
      linker: [.linkedLibrary("m")]),
    program(
      "detect",
      ["CLISupport", "Files", "Kernels", "ModelFiles", "Overlay", "Postprocess", "Tensors", "Vision", argumentParser]),
    program(
      "segment",
      [
        "CLISupport", "Files", "Kernels", "ModelFiles", "Overlay", "Postprocess", "Tensors", "Vision", argumentParser,
      ]),
    program(
      "BackboneTool",
      [
        "Backbone", "CLISupport", "Charts", "Checkpoints", "Datasets", "DeepLabLite", "Evaluation", "Files", "Graphs",
        "ImageCodecs", "Kernels",
        "ModelFetch", "ModelFiles", "Models", "Overlay", "Postprocess", "Preprocess", "PyramidLite", "SSDLite",
        "Tensors",
        "Training", "Vision",
        argumentParser,
      ]),
    // The paper's comparison, made again: for the README, not to be installed.
    program(
      "PaperTables",
      [
        "Backbone", "CLISupport", "Charts", "DeepLabLite", "Files", "Graphs", "ImageCodecs", "Kernels", "SSDLite",
        "Tensors", argumentParser,
      ]),
    program("CustomHead", ["Backbone"], path: "Samples/CustomHead"),

    // MARK: Tests
    .target(name: "SanitizerSupport", path: "Tests/SanitizerSupport"),
    .target(
      name: "TestSupport", dependencies: ["Tensors", "SanitizerSupport"], path: "Tests/TestSupport",
      swiftSettings: strict),
    // The plain Swift reference kernels and single kernels by themselves: what tests hold the fast ones to.
    .target(
      name: "KernelOracles", dependencies: ["Tensors", "Kernels"], path: "Tests/KernelOracles", swiftSettings: strict,
      linkerSettings: [.linkedLibrary("m")]),
    .target(
      name: "HostileFiles",
      dependencies: [
        "Checkpoints", "Datasets", "Files", "ImageCodecs", "ModelFiles", "Postprocess", "Tensors", "TestSupport",
      ],
      path: "Tests/HostileFiles", swiftSettings: strict),
    program("mutate", ["Files", "HostileFiles", "ModelFetch", argumentParser], path: "Tests/Mutation"),
    tests("TensorsTests", ["Tensors"]),
    tests("KernelsTests", ["Tensors", "Kernels", "KernelOracles"]),
    tests(
      "BackboneTests",
      ["Tensors", "Kernels", "KernelOracles", "ModelFiles", "Backbone", "Graphs", "Checkpoints", "DeepLabLite"]),
    tests(
      "TrainingTests",
      [
        "Training", "Tensors", "Files", "Kernels", "ModelFiles", "Backbone", "Graphs", "DeepLabLite", "PyramidLite",
        "Datasets", "ImageCodecs", "Postprocess", "SSDLite", "Vision",
      ]),
    tests(
      "HeadsTests",
      [
        "Backbone", "DeepLabLite", "Graphs", "Kernels", "KernelOracles", "ModelFiles", "PyramidLite", "SSDLite",
        "Tensors",
      ]),
    tests("SSDLiteTests", ["Backbone", "Graphs", "Kernels", "ModelFiles", "Postprocess", "SSDLite", "Tensors"]),
    tests(
      "VisionTests",
      [
        "Backbone", "Checkpoints", "Files", "Graphs", "ImageCodecs", "Kernels", "ModelFiles", "Models",
        "Postprocess", "Preprocess", "SSDLite", "Tensors", "Vision",
      ]),
    tests("FilesTests", ["Files"]),
    tests("ModelFilesTests", ["ModelFiles", "Files", "Tensors"]),
    tests(
      "CheckpointsTests",
      [
        "Checkpoints", "ModelFiles", "Files", "Tensors", "Kernels", "Backbone", "Graphs",
        .product(name: "SwiftProtobuf", package: "swift-protobuf"),
      ]),
    tests("ModelFetchTests", ["ModelFetch", "Checkpoints", "ModelFiles", "Files"]),
    tests("PreprocessTests", ["Kernels", "Preprocess", "ModelFiles", "Tensors"]),
    tests("PostprocessTests", ["Kernels", "Postprocess", "Tensors"]),
    tests("ChartsTests", ["Charts", "ImageCodecs", "Overlay", "Postprocess", "Tensors"]),
    tests("EvaluationTests", ["Evaluation", "Postprocess", "Tensors"]),
    tests("ImageCodecsTests", ["Files", "ImageCodecs", "Tensors"]),
    tests("OverlayTests", ["ImageCodecs", "Overlay", "Postprocess", "Tensors"]),
    tests("CLISupportTests", ["CLISupport", "Files", "ModelFiles"]),
    tests("DatasetsTests", ["Datasets", "Files", "ImageCodecs", "Kernels", "Postprocess", "Tensors"]),
    // Runs the built programs, which every test build makes; the libraries only make and read files.
    tests(
      "CLITests",
      [
        "Backbone", "Graphs", "ImageCodecs", "Kernels", "ModelFiles", "Preprocess", "Tensors", "Vision",
      ]),
    tests(
      "RobustnessTests",
      [
        "Checkpoints", "Datasets", "Files", "HostileFiles", "ImageCodecs", "ModelFetch", "ModelFiles", "Postprocess",
        "Tensors",
      ]),
  ]
)

// A program for libFuzzer has no beginning of its own, so it is there only where the sanitizer gives it one.
if Context.environment["BACKBONE_FUZZ"] != nil {
  package.targets.append(program("fuzz", ["HostileFiles"], path: "Tests/Fuzz"))
}

// What the calls here take and give: an app needs `import Vision` alone.
@_exported import Backbone
@_exported import Files
@_exported import Graphs
@_exported import ImageCodecs
@_exported import ImageTypes
@_exported import Kernels
@_exported import ModelFiles
@_exported import Processing
@_exported import Tensors

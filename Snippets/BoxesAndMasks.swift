// Boxes and masks together: one graph with the outputs of both models, in which the blocks that they share are there once.
import Models

let store = ModelStore.standard()
let masks = try store.open("objects-mask").resized(to: 321)  // as the detector's; its own 449 outlines more finely
let both = try DetectorSegmenter(store.open("objects-ssdlite"), masks)
print(both)  // objects-ssdlite and objects-mask run 7 of 17 blocks of the backbone once for both

let image = try ImageFile.read(path: "Samples/chelsea.png")
let answer = try both.analyse(image)
print(answer.detections.map(\.label), answer.mask[image.width / 2, image.height / 2], answer.mask.pixelCounts())
try ImageFile.write(image.drawing(answer.mask).drawing(answer.detections), to: "outlined.png", as: .png)

// Finds things in a picture, prints them, and writes the picture with boxes and labels.
import Models

let detector = try Detector("objects-ssdlite")
let image = try ImageFile.read(path: "Samples/astronaut.png")
let detections = try detector.detect(image)
for found in detections { print(found.label, found.score, found.box) }
try ImageFile.write(image.drawing(detections), to: "found.jpg", as: .jpeg())

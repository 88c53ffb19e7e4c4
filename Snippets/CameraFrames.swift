// A camera's frames, read where they lie: here a loop over NV12 frames of 640x480 with padded rows.
import Models

let detector = try Detector("person-ssdlite")
let (width, height, bytesPerRow) = (640, 480, 704)
// Gray noise in place of a camera's buffer: luma rows, then half as many rows of chroma.
var frame = [UInt8](repeating: 128, count: bytesPerRow * height * 3 / 2)

for number in 0..<5 {
  for place in stride(from: number, to: bytesPerRow * height, by: 97) {
    frame[place] = UInt8(truncatingIfNeeded: place)
  }
  let people = try PixelView.withView(
    of: frame.span, width: width, height: height, bytesPerRow: bytesPerRow, format: .nv12
  ) { try detector.detect($0) }
  print("frame \(number): \(people.count) people")
}

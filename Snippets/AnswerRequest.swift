// What a server does: the bytes of a request's body in, results as JSON and the bytes of an overlay out.
import Foundation
import Models

struct Answer: Encodable {
  let detections: [Detection]
}

func answer(_ body: [UInt8], with detector: Detector) async throws -> (json: Data, overlay: [UInt8]) {
  let image = try ImageFile.decode(bytes: body, name: "the request")
  let detections = try await detector.detect(image, DetectionOptions(scoreThreshold: 0.4))
  return (try JSONEncoder().encode(Answer(detections: detections)), try image.drawing(detections).jpegData(quality: 85))
}

let detector = try Detector.standard()
let body = try Data(contentsOf: URL(fileURLWithPath: "Samples/grace_hopper.jpg"))
let (json, overlay) = try await answer(Array(body), with: detector)
print(String(decoding: json, as: UTF8.self), "and an overlay of \(overlay.count) bytes")

// A body that is no picture is an error in words, which the client may be told.
do { _ = try await answer(Array("GIF89a".utf8), with: detector) } catch { print(error) }

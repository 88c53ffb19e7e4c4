// Which picture is most like another one? Embeddings are vectors; the product of two of unit length is the greater, the more
// alike their pictures are. `tap: .last` is there in classifiers; `block16` in every model on MobileNetV2.
import Models

let model = try ModelStore.standard().open("objects-ssdlite")
let embedder = try Embedder(model, tap: .block(16), isNormalised: true)
let names = ["astronaut.png", "chelsea.png", "grace_hopper.jpg", "Balls/images/ball00.jpg", "Balls/images/ball01.jpg"]
let images = try names.map { try ImageFile.read(path: "Samples/\($0)") }
let vectors = try images.map { try embedder.embedding(of: $0) }

func likeness(_ a: [Float], _ b: [Float]) -> Float { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }

for (index, name) in names.enumerated() {
  let others = names.indices.filter { $0 != index }
  let nearest = others.max { likeness(vectors[index], vectors[$0]) < likeness(vectors[index], vectors[$1]) }!
  print(name, "is most like", names[nearest], likeness(vectors[index], vectors[nearest]))
}

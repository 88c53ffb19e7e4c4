// Models that an app brings along in its own bytes: a store finds them by name, beside the shipped and the installed ones.
import Models

let bytes = try ModelStore.standard().open("person-ssdlite").data(precision: .fp16)
let mine = try ShippedModel(name: "my-people", bytes: bytes)
let store = ModelStore(folder: "models", shipped: ShippedModel.all + [mine])
let detector = try Detector(store.open("my-people"))
print(try detector.detect(ImageFile.read(path: "Samples/grace_hopper.jpg")).count)

// Or without a store.
let model = try ModelFile.open(bytes: bytes, name: "the app's model")
print(model.card.name, model.card.labels.map(\.name))

/// The stages of one call, in their order.
package enum Stage: String, CaseIterable, Sendable {
  case preprocess, backbone, head
  case postprocess = "post-process"
}

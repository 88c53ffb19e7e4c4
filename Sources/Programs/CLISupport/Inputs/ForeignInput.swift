import Files

/// Inputs that are no files: addresses and streams of networks.
enum ForeignInput {
  /// The reason why an argument cannot be read, with the command that helps; `nil` for a path.
  static func fault(of path: String) -> String? {
    guard let colon = path.firstRange(of: "://"), FilePlace.kind(of: path) == .absent else { return nil }
    let scheme = path[..<colon.lowerBound].lowercased()
    switch scheme {
    case "http", "https", "ftp", "s3", "gs":
      let load =
        scheme == "s3" ? "aws s3 cp '\(path)' -" : scheme == "gs" ? "gsutil cat '\(path)'" : "curl -fL '\(path)'"
      return "\(path): is an address, expected a file; pipe the picture in: \(load) | … -"
    case "rtsp", "rtsps", "rtmp", "udp", "rtp":
      return "\(path): is a video stream, expected a picture; pipe a frame of it in: "
        + "ffmpeg -i '\(path)' -frames:v 1 -c:v png -f image2pipe - | … -"
    default: return nil
    }
  }
}

import CImageIO
import Files

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The bridge to the C codecs, the module's only file with unsafe code.
///
/// It passes bytes to the C functions and reads files.
enum CodecBridge {
  /// Reads a file or a pipe to its end.
  ///
  /// The bytes are copied, not mapped: a mapped file that shrinks would end the process.
  ///
  /// - Parameters:
  ///   - prefix: the number of bytes to read of a regular file; by default all of them.
  ///   - name: the file's name in messages.
  static func contents(
    of location: String, limit: Int, prefix: Int = .max, name: String? = nil
  ) throws(ImageError) -> [UInt8] {
    let path = name ?? location
    guard !location.utf8.contains(0) else {
      throw .cannotRead(file: path, reason: "the path contains a null character")
    }
    let descriptor =
      unsafe isOwnStream(location) ? dup(STDIN_FILENO) : open(FilePath.onDisk(location), O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw refusal(path) }
    defer { close(descriptor) }
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else { throw refusal(path) }
    guard status.st_mode & S_IFMT != S_IFDIR else { throw .isDirectory(file: path) }
    let size = Int(status.st_size)
    guard size <= limit else { throw .limit(file: path, limit: .fileBytes, allowed: limit, found: size) }
    let wanted = status.st_mode & S_IFMT == S_IFREG ? prefix : .max
    // A pipe has size 0. One byte above the limit is enough to detect an excess.
    var bytes = [UInt8](repeating: 0, count: min(min(max(size, 1 << 16), limit) + 1, wanted))
    var filled = 0
    while filled < wanted {
      if filled == bytes.count {
        if filled > limit { throw .limit(file: path, limit: .fileBytes, allowed: limit, found: filled) }
        bytes.append(contentsOf: repeatElement(0, count: min(filled, limit + 1 - filled)))
      }
      let room = filled..<bytes.count
      let got = unsafe bytes.withUnsafeMutableBytes { unsafe Self.read(descriptor, into: $0, room) }
      if got < 0, errno == EINTR { continue }
      guard got >= 0 else { throw refusal(path) }
      if got == 0 { break }
      filled += got
    }
    if filled > limit { throw .limit(file: path, limit: .fileBytes, allowed: limit, found: filled) }
    bytes.removeLast(bytes.count - filled)
    return bytes
  }

  /// Whether the path is the process's standard input and can only be read through its descriptor.
  ///
  /// A socket cannot be opened again, and opening a named pipe without a writer blocks forever.
  private static func isOwnStream(_ path: String) -> Bool {
    guard ["/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"].contains(path) else { return false }
    var status = stat()
    guard unsafe fstat(STDIN_FILENO, &status) == 0 else { return false }
    return [S_IFIFO, S_IFSOCK].contains(status.st_mode & S_IFMT)
  }

  private static func read(_ descriptor: Int32, into buffer: UnsafeMutableRawBufferPointer, _ room: Range<Int>) -> Int {
    // Linux transfers at most 2 GiB per call, and other systems refuse more.
    let part = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[room.prefix(1 << 30)])
    #if canImport(Glibc)
      return unsafe Glibc.read(descriptor, part.baseAddress, part.count)
    #elseif canImport(Musl)
      return unsafe Musl.read(descriptor, part.baseAddress, part.count)
    #else
      return unsafe Darwin.read(descriptor, part.baseAddress, part.count)
    #endif
  }

  private static func refusal(_ path: String) -> ImageError {
    unsafe .cannotRead(file: path, reason: String(cString: strerror(errno)))
  }

  /// The CRC-32 of a range of bytes; the caller has checked the range.
  static func checksum(_ bytes: Span<UInt8>, _ range: Range<Int>) -> UInt32 {
    let part = bytes.extracting(range)
    return unsafe part.withUnsafeBufferPointer { unsafe cimageio_crc($0.baseAddress, $0.count) }
  }

  /// The RGB pixels of a PNG whose size and parts have been checked.
  static func decodePNG(_ bytes: Span<UInt8>, _ structure: PNGStructure, limits: Limits, file: String)
    throws(ImageError) -> [UInt8]
  {
    let (width, height) = (structure.width, structure.height)
    let parts = structure.parts.map { cimageio_part(begin: $0.lowerBound, end: $0.upperBound) }
    let (pixels, report) = unsafe fill(width * height * 3) { out in
      unsafe bytes.withUnsafeBufferPointer {
        unsafe cimageio_png_rgb(
          $0.baseAddress, parts, parts.count, UInt32(width), UInt32(height), UInt32(clamping: limits.chunkBytes), out)
      }
    }
    try check(report, bytes, .png, limits, file)
    return pixels
  }

  /// The sample values and the palette of a PNG whose size, kind and parts have been checked.
  static func decodeIndices(_ bytes: Span<UInt8>, _ structure: PNGStructure, limits: Limits, file: String)
    throws(ImageError) -> IndexedImage
  {
    let (width, height) = (structure.width, structure.height)
    let parts = structure.parts.map { cimageio_part(begin: $0.lowerBound, end: $0.upperBound) }
    var palette = [UInt8](repeating: 0, count: 768)
    var colours: Int32 = 0
    let (indices, report) = unsafe fill(width * height) { out in
      unsafe bytes.withUnsafeBufferPointer {
        unsafe cimageio_png_indices(
          $0.baseAddress, parts, parts.count, UInt32(width), UInt32(height), UInt32(clamping: limits.chunkBytes), out,
          &palette, &colours)
      }
    }
    try check(report, bytes, .png, limits, file)
    return IndexedImage(
      width: width, height: height, indices: indices, palette: Array(palette.prefix(3 * Int(colours))))
  }

  /// The stored size of a JPEG: columns and rows.
  static func sizeOfJPEG(_ bytes: Span<UInt8>, file: String) throws(ImageError) -> (width: Int, height: Int) {
    var width: UInt32 = 0
    var height: UInt32 = 0
    let report = unsafe bytes.withUnsafeBufferPointer {
      unsafe cimageio_jpeg_size($0.baseAddress, $0.count, &width, &height)
    }
    try check(report, bytes, .jpeg, .standard, file)
    return (Int(width), Int(height))
  }

  /// The RGB pixels of a JPEG whose size has been checked.
  ///
  /// - Parameter damage: receives damage that is tolerated; with `nil` none is.
  static func decodeJPEG(
    _ bytes: Span<UInt8>, width: Int, height: Int, limits: Limits, file: String, damage: inout [ImageDamage]?
  ) throws(ImageError) -> [UInt8] {
    let isTolerant = damage != nil
    let (pixels, report) = unsafe fill(width * height * 3) { out in
      unsafe bytes.withUnsafeBufferPointer {
        unsafe cimageio_jpeg_rgb(
          $0.baseAddress, $0.count, UInt32(width), UInt32(height), Int32(clamping: limits.scans), isTolerant ? 1 : 0,
          out)
      }
    }
    guard report.is_recovered != 0 else {
      try check(report, bytes, .jpeg, limits, file)
      return pixels
    }
    do throws(ImageError) { try check(report, bytes, .jpeg, limits, file) } catch {
      let rows = Int(report.first_row)..<height
      let effect: ImageDamage.Effect =
        rows.isEmpty
        ? .none : report.status != CIMAGEIO_TRUNCATED ? .wrong : report.is_coarse != 0 ? .coarse(rows) : .gray(rows)
      damage?.append(ImageDamage(error: error, effect: effect))
    }
    return pixels
  }

  /// The size of a WebP.
  static func sizeOfWebP(_ bytes: Span<UInt8>, file: String) throws(ImageError) -> (width: Int, height: Int) {
    var width: UInt32 = 0
    var height: UInt32 = 0
    let report = unsafe bytes.withUnsafeBufferPointer {
      unsafe cimageio_webp_size($0.baseAddress, $0.count, &width, &height)
    }
    try check(report, bytes, .webp, .standard, file)
    return (Int(width), Int(height))
  }

  /// The RGB pixels of a WebP whose size has been checked.
  static func decodeWebP(_ bytes: Span<UInt8>, width: Int, height: Int, file: String) throws(ImageError) -> [UInt8] {
    let (pixels, report) = unsafe fill(width * height * 3) { out in
      unsafe bytes.withUnsafeBufferPointer {
        unsafe cimageio_webp_rgb($0.baseAddress, $0.count, UInt32(width), UInt32(height), out)
      }
    }
    try check(report, bytes, .webp, .standard, file)
    return pixels
  }

  /// Whether the system can allocate this much memory now.
  static func hasMemory(_ count: Int) -> Bool { cimageio_has_memory(count) != 0 }

  /// A PNG of RGB pixels, or of indices if the flat `palette` is not empty.
  static func encodePNG(
    _ pixels: [UInt8], width: Int, height: Int, palette: [UInt8], file: String
  ) throws(ImageError) -> [UInt8] {
    precondition(pixels.count == width * height * (palette.isEmpty ? 3 : 1), "\(pixels.count) for \(width)x\(height)")
    return try unsafe encode(.png, file) { memory, count in
      unsafe cimageio_png_encode(
        pixels, UInt32(clamping: width), UInt32(clamping: height), palette, Int32(palette.count / 3), memory, count)
    }
  }

  /// A JPEG of RGB pixels.
  static func encodeJPEG(
    _ pixels: [UInt8], width: Int, height: Int, quality: Int, file: String
  ) throws(ImageError) -> [UInt8] {
    precondition(pixels.count == width * height * 3, "\(pixels.count) bytes for \(width)x\(height)")
    return try unsafe encode(.jpeg, file) { memory, count in
      unsafe cimageio_jpeg_encode(
        pixels, UInt32(clamping: width), UInt32(clamping: height), Int32(quality), memory, count)
    }
  }

  /// The bytes from a C encoder, or its failure as this module's error.
  private static func encode(
    _ format: ImageFormat, _ file: String,
    _ body: (UnsafeMutablePointer<UnsafeMutablePointer<UInt8>?>, UnsafeMutablePointer<Int>) -> cimageio_report
  ) throws(ImageError) -> [UInt8] {
    var memory: UnsafeMutablePointer<UInt8>?
    var count = 0
    let report = unsafe body(&memory, &count)
    defer { unsafe cimageio_free(memory) }
    switch report.status {
    case CIMAGEIO_OK: return unsafe Array(UnsafeBufferPointer(start: memory, count: count))
    case CIMAGEIO_NO_MEMORY: throw .outOfMemory(file: file)
    default: throw .cannotEncode(file: file, format: format, reason: words(report))
    }
  }

  /// The C library's message.
  private static func words(_ report: cimageio_report) -> String {
    var report = report
    return unsafe withUnsafePointer(to: &report) { unsafe String(cString: cimageio_message($0)) }
  }

  /// An array of `count` bytes filled by a C function; empty unless it reports success.
  private static func fill(_ count: Int, _ body: (UnsafeMutablePointer<UInt8>?) -> cimageio_report) -> (
    [UInt8], cimageio_report
  ) {
    var report = cimageio_report()
    // An array that cannot be allocated ends the process, so the memory is tested first.
    guard cimageio_has_memory(count) != 0 else {
      report.status = CIMAGEIO_NO_MEMORY
      return ([], report)
    }
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
      report = unsafe body(buffer.baseAddress)
      initialized = report.status == CIMAGEIO_OK || report.is_recovered != 0 ? count : 0
    }
    return (bytes, report)
  }

  /// Converts a C report into this module's error.
  private static func check(
    _ report: cimageio_report, _ bytes: Span<UInt8>, _ format: ImageFormat, _ limits: Limits, _ file: String
  ) throws(ImageError) {
    guard report.status != CIMAGEIO_OK else { return }
    let words = words(report)
    switch report.status {
    case CIMAGEIO_NO_MEMORY: throw .outOfMemory(file: file)
    case CIMAGEIO_TOO_MANY_SCANS:
      throw .limit(file: file, limit: .scans, allowed: limits.scans, found: limits.scans + 1)
    case CIMAGEIO_TRUNCATED:
      throw .truncated(file: file, format: format, offset: report.offset, expected: "more data (\(words))")
    case CIMAGEIO_UNSUPPORTED:
      throw .unsupported(file: file, found: "a \(format.rawValue) of a kind not read (\(words))")
    default:
      guard format == .png, let chunk = PNGStructure.chunkName(in: bytes, before: report.offset, file: file) else {
        throw .damaged(file: file, format: format, offset: report.offset, reason: words)
      }
      // Some messages of libpng begin with the chunk's name.
      let reason = words.hasPrefix("\(chunk.name): ") ? String(words.dropFirst(6)) : words
      throw .damaged(
        file: file, format: format, offset: report.offset,
        reason: "\(reason), in chunk \(chunk.name) at byte \(chunk.offset)")
    }
  }
}

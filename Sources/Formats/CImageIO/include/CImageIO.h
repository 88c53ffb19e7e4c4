// A narrow interface to libpng, libjpeg-turbo and libwebp: bytes in memory in, pixels or bytes in memory out.
//
// libpng and libjpeg report errors by longjmp. Every jump starts and ends inside one function of this target, so none ever
// crosses a Swift frame. Nothing here keeps state between calls; all functions may run on several threads at once.

#ifndef CIMAGEIO_H
#define CIMAGEIO_H

#include <stddef.h>
#include <stdint.h>

/// The status of a call.
typedef enum {
  CIMAGEIO_OK = 0,
  /// The bytes contradict the format or their own checksums.
  CIMAGEIO_DAMAGED,
  /// The bytes end too early.
  CIMAGEIO_TRUNCATED,
  /// A valid file of a kind that the library does not support.
  CIMAGEIO_UNSUPPORTED,
  /// More progressive scans than allowed.
  CIMAGEIO_TOO_MANY_SCANS,
  CIMAGEIO_NO_MEMORY,
} cimageio_status;

enum { CIMAGEIO_MESSAGE_BYTES = 256 };

/// The report of an error: the library's message, and the number of input bytes read by then.
///
/// A JPEG whose damage is tolerated has `is_recovered` set, with the status, the offset and the message of the first
/// damage; the pixels are then valid.
typedef struct {
  cimageio_status status;
  size_t offset;
  char message[CIMAGEIO_MESSAGE_BYTES];
  int is_recovered;
  /// The first row in which the library has noticed missing data; the picture's height where all rows are there.
  uint32_t first_row;
  /// Whether the rows from `first_row` on are there, but without the detail of later scans.
  int is_coarse;
} cimageio_report;

/// The message of a report, for languages that import an array as a tuple.
const char *cimageio_message(const cimageio_report *report);

/// The parts of a PNG that a decoder reads, in order: the first includes the signature, the others are whole chunks.
///
/// The decoder never sees the bytes between them. `IEND` is not among them: it follows by itself behind the last.
typedef struct {
  size_t begin, end;
} cimageio_part;

/// The CRC-32 of some bytes, as in PNG and zlib.
uint32_t cimageio_crc(const uint8_t *bytes, size_t count);

/// Decodes a PNG to 8-bit RGB: palette and gray widened, the high byte of 16-bit samples, alpha composited over white.
///
/// `width` and `height` are those of the header, already checked against the caller's limits; `rgb` has width * height
/// * 3 bytes.
cimageio_report cimageio_png_rgb(
    const uint8_t *bytes, const cimageio_part *parts, size_t part_count, uint32_t width, uint32_t height,
    uint32_t chunk_limit, uint8_t *rgb);

/// Decodes a palette or gray PNG of at most 8 bits to its raw sample values, one byte each.
///
/// `palette` has space for 256 RGB triples; `*colours` becomes the number of entries, 0 for a gray image.
cimageio_report cimageio_png_indices(
    const uint8_t *bytes, const cimageio_part *parts, size_t part_count, uint32_t width, uint32_t height,
    uint32_t chunk_limit, uint8_t *indices, uint8_t *palette, int *colours);

/// Encodes 8-bit RGB (`colours` == 0, `palette` unused) or 8-bit palette indices.
///
/// On success `*out` points to `*out_count` bytes, to be released by `cimageio_free`.
cimageio_report cimageio_png_encode(
    const uint8_t *pixels, uint32_t width, uint32_t height, const uint8_t *palette, int colours, uint8_t **out,
    size_t *out_count);

/// Encodes 8-bit RGB as JPEG of that quality, 1 to 100, with chroma of half the size in both directions.
///
/// On success `*out` points to `*out_count` bytes, to be released by `cimageio_free`.
cimageio_report cimageio_jpeg_encode(
    const uint8_t *pixels, uint32_t width, uint32_t height, int quality, uint8_t **out, size_t *out_count);

void cimageio_free(void *memory);

/// Whether the system can allocate this much memory now.
int cimageio_has_memory(size_t count);

/// Reads a JPEG's size only.
cimageio_report cimageio_jpeg_size(const uint8_t *bytes, size_t count, uint32_t *width, uint32_t *height);

/// Decodes a JPEG to 8-bit RGB, `width * height * 3` bytes; `scan_limit` bounds the work of progressive files.
///
/// With `is_tolerant` a picture whose data are damaged or end behind its first rows is decoded as far as possible, with
/// the pixels that libjpeg gives: gray (128) where data are missing.
cimageio_report cimageio_jpeg_rgb(
    const uint8_t *bytes, size_t count, uint32_t width, uint32_t height, int scan_limit, int is_tolerant, uint8_t *rgb);

/// Reads the size of a WebP that is no animation.
cimageio_report cimageio_webp_size(const uint8_t *bytes, size_t count, uint32_t *width, uint32_t *height);

/// Decodes a WebP of the size that `cimageio_webp_size` has found to 8-bit RGB, alpha composited over white.
cimageio_report cimageio_webp_rgb(
    const uint8_t *bytes, size_t count, uint32_t width, uint32_t height, uint8_t *rgb);

#endif

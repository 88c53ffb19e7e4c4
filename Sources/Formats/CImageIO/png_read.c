// Reading PNG through libpng.

#include <png.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "CImageIO.h"
#include "composite.h"

// Allocated in the frame above the one that calls setjmp, so that all of it stays defined after a jump.
typedef struct {
  const uint8_t *bytes;
  // What is left of the file to be read. The offset is inside the first part, or behind the last one.
  const cimageio_part *parts;
  size_t part_count;
  size_t offset;
  // The number of bytes read of the end chunk behind the last part.
  size_t ended;
  uint32_t width, height, chunk_limit;
  uint8_t *out;
  // RGB entries; NULL for RGB pixels instead of indices.
  uint8_t *palette;
  int *colours;

  png_structp png;
  png_infop info;
  uint8_t *scratch;
  // The number of compressed image bytes that may still be read.
  size_t spare;
  // Bytes of an uncompressed row with its filter byte.
  size_t row;
  jmp_buf jump;
  cimageio_report report;
} reader;

static void fail(png_structp png, png_const_charp message) {
  reader *self = png_get_error_ptr(png);
  if (self->report.status == CIMAGEIO_OK) self->report.status = CIMAGEIO_DAMAGED;
  self->report.offset = self->offset;
  strncpy(self->report.message, message, CIMAGEIO_MESSAGE_BYTES - 1);
  longjmp(self->jump, 1);
}

// The limit of compressed bytes after the last row. The library decompresses all remaining image data to check their
// checksum. Nothing of them is kept, but a megabyte can decompress to a gigabyte of zeros. This many bytes take a tenth
// of a second.
enum { IDAT = 0x49444154, SPARE_BYTES = 1 << 16 };

// The greatest size of compressed rows. Fixed codes make them an eighth longer, and encoders may flush after each.
static size_t packed_rows(const reader *self, size_t rows) {
  size_t bytes;
  if (__builtin_mul_overflow(self->row + self->row / 4 + 64, rows, &bytes) ||
      __builtin_add_overflow(bytes, SPARE_BYTES, &bytes))
    return SIZE_MAX;
  return bytes;
}

// Bounds the image data of the whole image, whose interlacing passes may divide a row into several.
static void bound_picture(reader *self) {
  self->row = png_get_rowbytes(self->png, self->info) + 1;
  const size_t rows = self->height;
  self->spare = packed_rows(self, rows + rows + 8);
}

// Reads a row, and bounds the remaining data before the last ones. The last pass of an interlaced image has every
// second row.
static void read_row(reader *self, int is_last_pass, size_t y, uint8_t *to) {
  if (is_last_pass && y + 2 >= self->height) {
    const size_t rest = packed_rows(self, self->height - y);
    if (self->spare > rest) self->spare = rest;
  }
  png_read_row(self->png, to, NULL);
}

// libpng only warns when the image data are wrong behind the last pixel: a bad Adler checksum, for one. Surplus data
// after the image are the exception, which some encoders write and which is harmless.
static void warn(png_structp png, png_const_charp message) {
  if (strncmp(message, "IDAT:", 5) != 0) return;
  if (strstr(message, "Extra compressed data") || strstr(message, "Too much image data")) return;
  fail(png, message);
}

static const uint8_t end_chunk[12] = {0, 0, 0, 0, 'I', 'E', 'N', 'D', 0xAE, 0x42, 0x60, 0x82};

// Reads from the parts, none of which the library leaves in the middle of a read, and then from the end chunk.
static void take(png_structp png, png_bytep to, size_t length) {
  reader *self = png_get_io_ptr(png);
  while (self->part_count && self->offset == self->parts->end) {
    self->parts++;
    self->part_count--;
    if (self->part_count) self->offset = self->parts->begin;
  }
  if (!self->part_count) {
    if (length > sizeof end_chunk - self->ended) png_error(png, "read past the end of the file");
    memcpy(to, end_chunk + self->ended, length);
    self->ended += length;
    return;
  }
  if (length > self->parts->end - self->offset) {
    self->report.status = CIMAGEIO_TRUNCATED;
    self->offset = self->parts->end;
    png_error(png, "the file ends inside a chunk");
  }
  memcpy(to, self->bytes + self->offset, length);
  self->offset += length;
  if (png_get_io_chunk_type(png) != IDAT) return;
  if (length > self->spare) png_error(png, "more image data than the picture has rows for");
  self->spare -= length;
}

static void prepare(reader *self) {
  png_set_read_fn(self->png, self, take);
  png_set_crc_action(self->png, PNG_CRC_ERROR_QUIT, PNG_CRC_ERROR_QUIT);
  png_set_user_limits(self->png, self->width, self->height);
  png_set_chunk_malloc_max(self->png, self->chunk_limit);
}

static void read_rgb(reader *self) {
  png_structp png = self->png;
  png_set_expand(png);
  png_set_strip_16(png);
  png_set_gray_to_rgb(png);
  int passes = png_set_interlace_handling(png);
  png_read_update_info(png, self->info);
  size_t width = self->width, height = self->height, row_bytes = png_get_rowbytes(png, self->info);
  if (row_bytes == width * 3) {
    for (int pass = 0; pass < passes; pass++)
      for (size_t y = 0; y < height; y++) read_row(self, pass == passes - 1, y, self->out + y * row_bytes);
    return;
  }
  if (row_bytes != width * 4) png_error(png, "unexpected row size");
  // An interlaced image is only whole after its last pass; otherwise one row of RGBA is enough.
  size_t total;
  if (__builtin_mul_overflow(row_bytes, passes > 1 ? height : 1, &total) || !(self->scratch = malloc(total))) {
    self->report.status = CIMAGEIO_NO_MEMORY;
    png_error(png, "no memory for the alpha channel");
  }
  for (int pass = 0; pass < passes; pass++)
    for (size_t y = 0; y < height; y++) {
      uint8_t *row = self->scratch + (passes > 1 ? y * row_bytes : 0);
      read_row(self, pass == passes - 1, y, row);
      if (pass == passes - 1) cimageio_composite(row, self->out + y * width * 3, width);
    }
}

static void read_indices(reader *self) {
  png_structp png = self->png;
  int type = png_get_color_type(png, self->info);
  if ((type != PNG_COLOR_TYPE_PALETTE && type != PNG_COLOR_TYPE_GRAY) || png_get_bit_depth(png, self->info) > 8)
    png_error(png, "neither palette nor gray of up to 8 bits");
  png_colorp entries = NULL;
  *self->colours = 0;
  if (type == PNG_COLOR_TYPE_PALETTE) png_get_PLTE(png, self->info, &entries, self->colours);
  for (int i = 0; i < *self->colours; i++) {
    self->palette[3 * i] = entries[i].red;
    self->palette[3 * i + 1] = entries[i].green;
    self->palette[3 * i + 2] = entries[i].blue;
  }
  png_set_packing(png);
  int passes = png_set_interlace_handling(png);
  png_read_update_info(png, self->info);
  size_t width = self->width;
  if (png_get_rowbytes(png, self->info) != width) png_error(png, "unexpected row size");
  for (int pass = 0; pass < passes; pass++)
    for (size_t y = 0; y < self->height; y++) read_row(self, pass == passes - 1, y, self->out + y * width);
}

static void attempt(reader *self) {
  if (setjmp(self->jump)) return;
  // Created inside, since the library may fail and jump while it checks its own version.
  self->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, self, fail, warn);
  self->info = self->png ? png_create_info_struct(self->png) : NULL;
  if (!self->info) {
    self->report.status = CIMAGEIO_NO_MEMORY;
    return;
  }
  prepare(self);
  png_read_info(self->png, self->info);
  if (png_get_image_width(self->png, self->info) != self->width ||
      png_get_image_height(self->png, self->info) != self->height)
    png_error(self->png, "the header's size is not the expected one");
  bound_picture(self);
  if (self->palette)
    read_indices(self);
  else
    read_rgb(self);
  png_read_end(self->png, NULL);
}

static cimageio_report run(reader self) {
  attempt(&self);
  png_destroy_read_struct(&self.png, &self.info, NULL);
  free(self.scratch);
  return self.report;
}

uint32_t cimageio_crc(const uint8_t *bytes, size_t count) { return (uint32_t)crc32_z(0, bytes, count); }

cimageio_report cimageio_png_rgb(
    const uint8_t *bytes, const cimageio_part *parts, size_t part_count, uint32_t width, uint32_t height,
    uint32_t chunk_limit, uint8_t *rgb) {
  return run((reader){
      .bytes = bytes, .parts = parts, .part_count = part_count, .width = width, .height = height, .chunk_limit = chunk_limit, .out = rgb,
      .spare = SIZE_MAX});
}

cimageio_report cimageio_png_indices(
    const uint8_t *bytes, const cimageio_part *parts, size_t part_count, uint32_t width, uint32_t height,
    uint32_t chunk_limit, uint8_t *indices, uint8_t *palette, int *colours) {
  return run((reader){
      .bytes = bytes, .parts = parts, .part_count = part_count, .width = width, .height = height, .chunk_limit = chunk_limit, .out = indices,
      .palette = palette, .colours = colours, .spare = SIZE_MAX});
}

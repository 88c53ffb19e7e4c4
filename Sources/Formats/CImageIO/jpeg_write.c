// Writing JPEG through libjpeg-turbo, into memory that grows.

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

#include <jerror.h>

#include "CImageIO.h"

// Allocated in the frame above the one that calls setjmp, so that all of it stays defined after a jump.
typedef struct {
  struct jpeg_compress_struct jpeg;
  struct jpeg_error_mgr errors;
  struct jpeg_destination_mgr target;
  const uint8_t *pixels;
  uint32_t width, height;
  int quality;
  uint8_t *bytes;
  size_t count, capacity;
  jmp_buf jump;
  cimageio_report report;
} writer;

static void fail(j_common_ptr common) {
  writer *self = common->client_data;
  const int memory = self->errors.msg_code == JERR_OUT_OF_MEMORY;
  self->report.status = memory ? CIMAGEIO_NO_MEMORY : CIMAGEIO_UNSUPPORTED;
  char words[JMSG_LENGTH_MAX];
  common->err->format_message(common, words);
  strncpy(self->report.message, words, CIMAGEIO_MESSAGE_BYTES - 1);
  longjmp(self->jump, 1);
}

static void silent(j_common_ptr common) { (void)common; }

// The address of the library's own growing buffer is unknown after an error, so that buffer could not be freed.
static void grow(j_compress_ptr jpeg) {
  writer *self = jpeg->client_data;
  const size_t capacity = self->capacity ? self->capacity + self->capacity / 2 : 1 << 16;
  uint8_t *grown = realloc(self->bytes, capacity);
  if (!grown) ERREXIT1(jpeg, JERR_OUT_OF_MEMORY, 0);
  self->bytes = grown;
  self->target.next_output_byte = grown + self->capacity;
  self->target.free_in_buffer = capacity - self->capacity;
  self->capacity = capacity;
}

// The whole buffer has been written, whatever the counts.
static boolean full(j_compress_ptr jpeg) {
  grow(jpeg);
  return TRUE;
}

static void end(j_compress_ptr jpeg) {
  writer *self = jpeg->client_data;
  self->count = self->capacity - self->target.free_in_buffer;
}

static void attempt(writer *self) {
  struct jpeg_compress_struct *jpeg = &self->jpeg;
  jpeg->err = jpeg_std_error(&self->errors);
  jpeg->client_data = self;
  self->errors.error_exit = fail;
  self->errors.output_message = silent;
  if (setjmp(self->jump)) return;
  jpeg_create_compress(jpeg);
  self->target.init_destination = grow;
  self->target.empty_output_buffer = full;
  self->target.term_destination = end;
  jpeg->dest = &self->target;
  jpeg->image_width = self->width;
  jpeg->image_height = self->height;
  jpeg->input_components = 3;
  jpeg->in_color_space = JCS_RGB;
  jpeg_set_defaults(jpeg);
  jpeg_set_quality(jpeg, self->quality, TRUE);
  jpeg_start_compress(jpeg, TRUE);
  while (jpeg->next_scanline < jpeg->image_height) {
    // The library does not write to the row.
    JSAMPROW row = (JSAMPROW)self->pixels + (size_t)jpeg->next_scanline * self->width * 3;
    jpeg_write_scanlines(jpeg, &row, 1);
  }
  jpeg_finish_compress(jpeg);
}

cimageio_report cimageio_jpeg_encode(
    const uint8_t *pixels, uint32_t width, uint32_t height, int quality, uint8_t **out, size_t *out_count) {
  writer self = {.pixels = pixels, .width = width, .height = height, .quality = quality};
  attempt(&self);
  jpeg_destroy_compress(&self.jpeg);
  const int whole = self.report.status == CIMAGEIO_OK;
  if (!whole) free(self.bytes);
  *out = whole ? self.bytes : NULL;
  *out_count = whole ? self.count : 0;
  return self.report;
}

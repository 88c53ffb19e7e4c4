// Reading JPEG through libjpeg-turbo.

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

#include <jerror.h>

#include "CImageIO.h"

// Allocated in the frame above the one that calls setjmp, so that all of it stays defined after a jump.
typedef struct {
  struct jpeg_decompress_struct jpeg;
  struct jpeg_error_mgr errors;
  struct jpeg_progress_mgr progress;
  const uint8_t *bytes;
  size_t count;
  uint32_t width, height;
  int scan_limit;
  int is_tolerant;
  // Whether the header has been read.
  int has_started;
  // Whether the error is this file's own, which is never tolerated.
  int is_final;
  // The first row that an error has left unread.
  uint32_t gray_from;
  // NULL for a reading of the size alone.
  uint8_t *rgb;
  uint8_t *scratch;
  jmp_buf jump;
  cimageio_report report;
} reader;

static cimageio_status status_of(int code) {
  switch (code) {
    case JWRN_JPEG_EOF:
    case JERR_INPUT_EOF:
    case JERR_INPUT_EMPTY: return CIMAGEIO_TRUNCATED;
    case JERR_OUT_OF_MEMORY: return CIMAGEIO_NO_MEMORY;
    case JERR_ARITH_NOTIMPL:
    case JERR_BAD_PRECISION:
    case JERR_CCIR601_NOTIMPL:
    case JERR_CONVERSION_NOTIMPL:
    case JERR_FRACT_SAMPLE_NOTIMPL:
    case JERR_NOT_COMPILED:
    case JERR_SOF_UNSUPPORTED: return CIMAGEIO_UNSUPPORTED;
    default: return CIMAGEIO_DAMAGED;
  }
}

// Notes the library's message and its place in the file.
static void note(j_common_ptr common) {
  reader *self = common->client_data;
  if (self->report.status == CIMAGEIO_OK) self->report.status = status_of(self->errors.msg_code);
  if (!self->report.message[0]) {
    char words[JMSG_LENGTH_MAX];
    common->err->format_message(common, words);
    strncpy(self->report.message, words, CIMAGEIO_MESSAGE_BYTES - 1);
  }
  // Behind the end of the input the library reads from its own end marker.
  const uint8_t *next = self->jpeg.src ? self->jpeg.src->next_input_byte : NULL;
  int inside = next >= self->bytes && next <= self->bytes + self->count;
  self->report.offset = inside && self->report.status != CIMAGEIO_TRUNCATED ? (size_t)(next - self->bytes) : self->count;
}

// The first pixel row of the block rows that are being decoded.
static uint32_t current_row(const reader *self) {
  const struct jpeg_decompress_struct *jpeg = &self->jpeg;
  size_t row = (size_t)jpeg->input_iMCU_row * jpeg->max_v_samp_factor * DCTSIZE;
  return row < self->height ? (uint32_t)row : self->height;
}

static void fail(j_common_ptr common) {
  reader *self = common->client_data;
  uint32_t done = self->jpeg.output_scanline;
  // Pixels that are there already are not lost by an error behind them.
  if (self->is_tolerant && !self->is_final && self->errors.msg_code != JERR_OUT_OF_MEMORY && done > 0) {
    note(common);
    if (!self->report.is_recovered || done < self->report.first_row) self->report.first_row = done;
    self->report.is_recovered = 1;
    if (done < self->gray_from) self->gray_from = done;
  } else {
    self->report.is_recovered = 0;
    if (self->errors.msg_code == JERR_OUT_OF_MEMORY) self->report.status = CIMAGEIO_NO_MEMORY;
    note(common);
  }
  longjmp(self->jump, 1);
}

// Whether the picture can be used in spite of a warning, since some of it is decoded. Notes the first such warning.
static int tolerate(j_common_ptr common) {
  reader *self = common->client_data;
  int code = common->err->msg_code;
  if (code != JWRN_HUFF_BAD_CODE && code != JWRN_HIT_MARKER && code != JWRN_JPEG_EOF && code != JWRN_ARITH_BAD_CODE &&
      code != JWRN_MUST_RESYNC)
    return 0;
  if (!self->is_tolerant || !self->has_started) return 0;
  int is_first_scan = self->jpeg.input_scan_number <= 1;
  uint32_t row = current_row(self);
  // The end of the file alone loses nothing: the rows may be complete.
  if (code != JWRN_JPEG_EOF && is_first_scan && row == 0) return 0;
  if (!self->report.is_recovered) {
    note(common);
    self->report.is_recovered = 1;
    self->report.first_row = self->height;
  }
  if (code != JWRN_JPEG_EOF && row < self->report.first_row) {
    self->report.first_row = row;
    self->report.is_coarse = !is_first_scan;
  }
  return 1;
}

// A warning means that the library would go on with guessed pixels. Only warnings without an effect on pixels are
// ignored, and, on request, those of damage to a part of the rows.
static void warn(j_common_ptr common, int level) {
  if (level >= 0) return;
  switch (common->err->msg_code) {
    case JWRN_ADOBE_XFORM:
    case JWRN_EXTRANEOUS_DATA:
    case JWRN_JFIF_MAJOR:
    case JWRN_NOT_SEQUENTIAL: return;
    default:
      if (!tolerate(common)) fail(common);
  }
}

static void silent(j_common_ptr common) { (void)common; }

static void watch(j_common_ptr common) {
  reader *self = common->client_data;
  if (self->jpeg.input_scan_number <= self->scan_limit) return;
  self->is_final = 1;
  self->report.status = CIMAGEIO_TOO_MANY_SCANS;
  strncpy(self->report.message, "too many scans", CIMAGEIO_MESSAGE_BYTES - 1);
  fail(common);
}

// Ends the reading with a message of this file.
static void give_up(reader *self, cimageio_status status, const char *words) {
  self->is_final = 1;
  self->report.status = status;
  strncpy(self->report.message, words, CIMAGEIO_MESSAGE_BYTES - 1);
  fail((j_common_ptr)&self->jpeg);
}

// With Adobe's marker a CMYK file stores 255 minus the ink; without it, the ink itself.
static void cmyk_row(const uint8_t *cmyk, uint8_t *rgb, size_t pixels, int inverted) {
  uint8_t flip = inverted ? 0 : 255;
  for (size_t i = 0; i < pixels; i++) {
    unsigned paper = cmyk[4 * i + 3] ^ flip;
    for (size_t k = 0; k < 3; k++) {
      unsigned product = (cmyk[4 * i + k] ^ flip) * paper + 128;
      rgb[3 * i + k] = (uint8_t)((product + (product >> 8)) >> 8);
    }
  }
}

static void read_rgb(reader *self) {
  struct jpeg_decompress_struct *jpeg = &self->jpeg;
  int cmyk = jpeg->jpeg_color_space == JCS_CMYK || jpeg->jpeg_color_space == JCS_YCCK;
  jpeg->out_color_space = cmyk ? JCS_CMYK : JCS_RGB;
  self->has_started = 1;
  jpeg_start_decompress(jpeg);
  size_t width = jpeg->output_width;
  if (width != self->width || jpeg->output_height != self->height || jpeg->output_components != (cmyk ? 4 : 3))
    give_up(self, CIMAGEIO_DAMAGED, "the header's size is not the expected one");
  if (cmyk && !(self->scratch = malloc(width * 4))) give_up(self, CIMAGEIO_NO_MEMORY, "no memory for a row");
  while (jpeg->output_scanline < jpeg->output_height) {
    if (jpeg->output_scanline >= self->gray_from) return;
    uint8_t *row = self->rgb + jpeg->output_scanline * width * 3;
    JSAMPROW target = cmyk ? self->scratch : row;
    jpeg_read_scanlines(jpeg, &target, 1);
    if (cmyk) cmyk_row(self->scratch, row, width, jpeg->saw_Adobe_marker);
  }
  jpeg_finish_decompress(jpeg);
}

static void attempt(reader *self) {
  self->jpeg.err = jpeg_std_error(&self->errors);
  self->jpeg.client_data = self;
  self->errors.error_exit = fail;
  self->errors.emit_message = warn;
  self->errors.output_message = silent;
  if (setjmp(self->jump)) return;
  jpeg_create_decompress(&self->jpeg);
  self->progress.progress_monitor = watch;
  if (self->rgb) self->jpeg.progress = &self->progress;
  jpeg_mem_src(&self->jpeg, self->bytes, self->count);
  jpeg_read_header(&self->jpeg, TRUE);
  if (self->rgb) read_rgb(self);
}

static cimageio_report run(reader *self) {
  attempt(self);
  if (self->report.is_recovered && self->gray_from < self->height) {
    size_t row = (size_t)self->width * 3;
    memset(self->rgb + self->gray_from * row, 128, (self->height - self->gray_from) * row);
  }
  jpeg_destroy_decompress(&self->jpeg);
  free(self->scratch);
  return self->report;
}

cimageio_report cimageio_jpeg_size(const uint8_t *bytes, size_t count, uint32_t *width, uint32_t *height) {
  reader self = {.bytes = bytes, .count = count};
  cimageio_report report = run(&self);
  *width = self.jpeg.image_width;
  *height = self.jpeg.image_height;
  return report;
}

cimageio_report cimageio_jpeg_rgb(
    const uint8_t *bytes, size_t count, uint32_t width, uint32_t height, int scan_limit, int is_tolerant,
    uint8_t *rgb) {
  reader self = {
      .bytes = bytes, .count = count, .width = width, .height = height, .scan_limit = scan_limit,
      .is_tolerant = is_tolerant, .gray_from = UINT32_MAX, .rgb = rgb};
  return run(&self);
}

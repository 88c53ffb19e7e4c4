// Reading WebP through libwebp.

#include <stdlib.h>
#include <string.h>

#include <webp/decode.h>

#include "CImageIO.h"
#include "composite.h"

static cimageio_report report_of(VP8StatusCode code, size_t count) {
  static const struct {
    VP8StatusCode code;
    cimageio_status status;
    const char *words;
  } known[] = {
      {VP8_STATUS_OK, CIMAGEIO_OK, ""},
      {VP8_STATUS_OUT_OF_MEMORY, CIMAGEIO_NO_MEMORY, "no memory for the picture"},
      {VP8_STATUS_NOT_ENOUGH_DATA, CIMAGEIO_TRUNCATED, "the image data end too early"},
      {VP8_STATUS_SUSPENDED, CIMAGEIO_TRUNCATED, "the image data end too early"},
      {VP8_STATUS_UNSUPPORTED_FEATURE, CIMAGEIO_UNSUPPORTED, "it has a feature that libwebp does not decode"},
  };
  cimageio_report report = {.status = CIMAGEIO_DAMAGED, .offset = count};
  const char *words = "the image data contradict the format";
  for (size_t i = 0; i < sizeof known / sizeof *known; i++)
    if (known[i].code == code) {
      report.status = known[i].status;
      words = known[i].words;
    }
  strncpy(report.message, words, CIMAGEIO_MESSAGE_BYTES - 1);
  return report;
}

static cimageio_report unsupported(const char *words) {
  cimageio_report report = {.status = CIMAGEIO_UNSUPPORTED};
  strncpy(report.message, words, CIMAGEIO_MESSAGE_BYTES - 1);
  return report;
}

cimageio_report cimageio_webp_size(const uint8_t *bytes, size_t count, uint32_t *width, uint32_t *height) {
  WebPBitstreamFeatures features;
  VP8StatusCode code = WebPGetFeatures(bytes, count, &features);
  if (code != VP8_STATUS_OK) return report_of(code, count);
  if (features.has_animation) return unsupported("an animation");
  *width = (uint32_t)features.width;
  *height = (uint32_t)features.height;
  return report_of(code, count);
}

cimageio_report cimageio_webp_rgb(
    const uint8_t *bytes, size_t count, uint32_t width, uint32_t height, uint8_t *rgb) {
  WebPDecoderConfig config;
  if (!WebPInitDecoderConfig(&config)) return unsupported("another version of libwebp");
  VP8StatusCode code = WebPGetFeatures(bytes, count, &config.input);
  if (code != VP8_STATUS_OK) return report_of(code, count);
  if (config.input.has_animation) return unsupported("an animation");
  if ((uint32_t)config.input.width != width || (uint32_t)config.input.height != height)
    return report_of(VP8_STATUS_BITSTREAM_ERROR, count);
  int has_alpha = config.input.has_alpha;
  size_t channels = has_alpha ? 4 : 3, size = (size_t)width * height * channels;
  uint8_t *pixels = has_alpha ? malloc(size) : rgb;
  if (!pixels) return report_of(VP8_STATUS_OUT_OF_MEMORY, count);
  config.output.colorspace = has_alpha ? MODE_RGBA : MODE_RGB;
  config.output.is_external_memory = 1;
  config.output.u.RGBA.rgba = pixels;
  config.output.u.RGBA.stride = (int)(width * channels);
  config.output.u.RGBA.size = size;
  code = WebPDecode(bytes, count, &config);
  WebPFreeDecBuffer(&config.output);
  if (has_alpha) {
    if (code == VP8_STATUS_OK) cimageio_composite(pixels, rgb, (size_t)width * height);
    free(pixels);
  }
  return report_of(code, count);
}

#ifndef CIMAGEIO_COMPOSITE_H
#define CIMAGEIO_COMPOSITE_H

#include <stddef.h>
#include <stdint.h>

// Straight (not premultiplied) alpha over white, rounded to nearest; (c * a + 255 * (255 - a)) / 255 never has a tie.
static inline void cimageio_composite(const uint8_t *rgba, uint8_t *rgb, size_t pixels) {
  for (size_t i = 0; i < pixels; i++) {
    unsigned alpha = rgba[4 * i + 3];
    for (size_t k = 0; k < 3; k++) {
      unsigned sum = rgba[4 * i + k] * alpha + 255 * (255 - alpha) + 128;
      rgb[3 * i + k] = (uint8_t)((sum + (sum >> 8)) >> 8);
    }
  }
}

#endif

#include "CPersonMask.h"

#pragma clang diagnostic ignored "-Wc23-extensions"

// Values are read where they lie.
static _Alignas(64) const unsigned char bytes[] = {
#embed "person-mask.safetensors"
};

const void *backbone_person_mask(size_t *size) {
  *size = sizeof bytes;
  return bytes;
}

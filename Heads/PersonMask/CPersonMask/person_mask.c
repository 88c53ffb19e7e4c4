#include "CPersonMask.h"

#pragma clang diagnostic ignored "-Wc23-extensions"

// Aligned, since values are read in place.
static _Alignas(64) const unsigned char detector[] = {
#embed "person-ssdlite.safetensors"
};
static _Alignas(64) const unsigned char mask[] = {
#embed "person-mask.safetensors"
};

const void *backbone_person_ssdlite(size_t *size) {
  *size = sizeof detector;
  return detector;
}

const void *backbone_person_mask(size_t *size) {
  *size = sizeof mask;
  return mask;
}

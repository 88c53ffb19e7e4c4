#include "CObjects.h"

#pragma clang diagnostic ignored "-Wc23-extensions"

// Aligned, since values are read in place.
static _Alignas(64) const unsigned char detector[] = {
#embed "objects-ssdlite.safetensors"
};
static _Alignas(64) const unsigned char mask[] = {
#embed "objects-mask.safetensors"
};

const void *backbone_objects_ssdlite(size_t *size) {
  *size = sizeof detector;
  return detector;
}

const void *backbone_objects_mask(size_t *size) {
  *size = sizeof mask;
  return mask;
}

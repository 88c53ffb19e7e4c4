// The bytes of two model files, linked into the programs, so that the default models need no file.
#pragma once
#include <stddef.h>

/// The bytes of `objects-ssdlite.safetensors` and their number; aligned like a mapped file.
const void *_Nonnull backbone_objects_ssdlite(size_t *_Nonnull size);

/// The bytes of `objects-mask.safetensors`, likewise.
const void *_Nonnull backbone_objects_mask(size_t *_Nonnull size);

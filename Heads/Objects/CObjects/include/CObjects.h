// The bytes of two model files, which are part of the programs: they find their default models wherever they lie.
#pragma once
#include <stddef.h>

/// The bytes of `objects-ssdlite.safetensors`, and how many they are; aligned as a mapped file is.
const void *_Nonnull backbone_objects_ssdlite(size_t *_Nonnull size);

/// The same of `objects-mask.safetensors`.
const void *_Nonnull backbone_objects_mask(size_t *_Nonnull size);

// The bytes of the models of people, linked into the programs, so that they need no file.
#pragma once
#include <stddef.h>

/// The bytes of `person-ssdlite.safetensors` and their number; aligned like a mapped file.
const void *_Nonnull backbone_person_ssdlite(size_t *_Nonnull size);

/// The bytes of `person-mask.safetensors`, likewise.
const void *_Nonnull backbone_person_mask(size_t *_Nonnull size);

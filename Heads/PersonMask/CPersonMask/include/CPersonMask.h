// The bytes of `person-mask.safetensors`, which are part of the program: it finds its default model wherever it lies.
#pragma once
#include <stddef.h>

/// The bytes, and how many they are; aligned as a mapped file is.
const void *_Nonnull backbone_person_mask(size_t *_Nonnull size);

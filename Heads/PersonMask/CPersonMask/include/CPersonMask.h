// The bytes of the models of people, which are part of the programs: they find them wherever they lie.
#pragma once
#include <stddef.h>

/// The bytes of `person-ssdlite.safetensors`, and how many they are; aligned as a mapped file is.
const void *_Nonnull backbone_person_ssdlite(size_t *_Nonnull size);

/// The same of `person-mask.safetensors`.
const void *_Nonnull backbone_person_mask(size_t *_Nonnull size);

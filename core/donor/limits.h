// How much of a donor is believed to be honest.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/codec/compress/decompress.h"

namespace dfsck {

// Beyond each of these a donor is refused with a Limit error. What real archives need is far below.
struct DonorLimits {
  size_t max_members = 500'000;                   // of an archive
  size_t max_name_bytes = 4096;                   // of a member or link target
  size_t max_document_bytes = 16U << 20;          // of manifest.json, index.json, a manifest, a config, repositories
  uint64_t max_all_documents_bytes = 256U << 20;  // of all of them, each counted as often as it is referred to
  size_t max_images = 10'000;
  size_t max_layers_per_image = 10'000;
  size_t max_layers = 200'000;        // of all images, each counted once for every image that has it
  size_t max_index_depth = 4;         // of OCI indexes in one another
  size_t max_kept_bytes = 64U << 20;  // of small members of a compressed archive
  DecompressLimits decompress = {};   // of a layer, and of an archive that is compressed as a whole
};

}  // namespace dfsck

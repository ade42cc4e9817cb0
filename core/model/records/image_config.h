// Image configs: what the daemon needs of one. Internal to core/model.
#pragma once

#include <string_view>

#include "core/model/images.h"

namespace dfsck {

// Fills `image` from its config's bytes, whose digest is known to be right: diff_ids, chain, history, and `unusable` if
// the daemon would refuse it (moby image/image.go:NewFromJSON, image/store.go:Create and restore).
void parse_image_config(std::string_view bytes, Image& image);

}  // namespace dfsck

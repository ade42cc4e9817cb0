// What to do about layer content that nothing at hand can repair.
#pragma once

#include <cstddef>
#include <string>

#include "core/content/layers/results.h"

namespace dfsck {

// For a file whose bytes are nowhere to be had.
std::string bytes_advice(const ContentResults& content, size_t layer);
// For a tar-split that could not be made again.
std::string reference_advice(const ContentResults& content, size_t layer);

}  // namespace dfsck

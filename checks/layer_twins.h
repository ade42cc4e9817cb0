// Second directories of layers, and what stands on them.
#pragma once

#include <optional>
#include <vector>

#include "checks/input.h"

namespace dfsck {

// The directories that have `twin` in their chain, as indices into the model's, with its place in `lower`.
struct StandsOn {
  size_t dir = 0;
  size_t place = 0;
};
std::vector<StandsOn> standing_on(const CheckInput& input, const CacheId& twin);

// The layer's own directory was looked at as closely as its twin, and is whole.
bool is_replaceable(const CheckInput& input, const TwinVerdict& twin);

}  // namespace dfsck

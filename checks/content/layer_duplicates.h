// Second directories of layers, and what stands on them.
#pragma once

#include <optional>
#include <vector>

#include "checks/input.h"

namespace dfsck {

// What each directory of the model has in its `lower`, from the top down; nothing for pieces that lead nowhere.
using Chains = std::vector<std::vector<std::optional<CacheId>>>;
Chains chains_of(const CheckInput& input);

// The directories that have `duplicate` in their chain, as indices into the model's, with its place there.
struct StandsOn {
  size_t dir = 0;
  size_t place = 0;
};
std::vector<StandsOn> standing_on(const Chains& chains, const CacheId& duplicate);

// The layer's own directory was looked at as closely as its duplicate, and is whole.
bool is_replaceable(const CheckInput& input, const DuplicateDirectory& duplicate);

}  // namespace dfsck

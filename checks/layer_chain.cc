// Chains of what is derived: a damaged "parent" file leads nobody astray.
#include "checks/layer_chain.h"

namespace dfsck {

bool stands_on(const CheckInput& input, const ChainId& layer, const ChainId& base) {
  std::optional<ChainId> at = layer;
  for (size_t depth = 0; at && depth <= kMaxDepth; ++depth) {
    if (*at == base) {
      return true;
    }
    const LayerTruth* truth = input.derived.find_layer(input.model, *at);
    at = truth != nullptr ? truth->parent : std::nullopt;
  }
  return false;
}

}  // namespace dfsck

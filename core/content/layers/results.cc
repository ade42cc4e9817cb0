// Looking up what could heal a layer.
#include "core/content/layers/results.h"

#include <algorithm>

namespace dfsck {

const Remedy* ContentResults::find_remedy(size_t layer, size_t issue) const {
  if (layer >= remedies.size()) {
    return nullptr;
  }
  const std::vector<Remedy>& files = remedies[layer].files;
  const auto found = std::lower_bound(files.begin(), files.end(), issue,
                                      [](const Remedy& remedy, size_t wanted) { return remedy.issue < wanted; });
  return found != files.end() && found->issue == issue ? &*found : nullptr;
}

bool ContentResults::can_restore_tree(size_t layer) const {
  if (layer >= layers.size() || !layers[layer].tree_lost || layers[layer].state != LayerVerdict::State::Damaged) {
    return false;
  }
  const std::vector<Issue>& issues = layers[layer].issues;
  const auto wanted = std::count_if(issues.begin(), issues.end(), lacks_bytes);
  const size_t found = layer < remedies.size() ? remedies[layer].files.size() : 0;
  // All or none: a tree with some of its files would be taken for whole by the daemon.
  return static_cast<size_t>(wanted) == found;
}

const RebuiltReference* ContentResults::find_reference(size_t layer) const {
  return layer < references.size() && !references[layer].tar_split.empty() ? &references[layer] : nullptr;
}

}  // namespace dfsck

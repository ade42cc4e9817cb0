// Looking up a remedy.
#include "core/content/results.h"

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

const RebuiltReference* ContentResults::find_reference(size_t layer) const {
  return layer < references.size() && !references[layer].tar_split.empty() ? &references[layer] : nullptr;
}

}  // namespace dfsck

// Measuring of directories without an owner.
#include "checks/sizes.h"

#include <vector>

#include "core/content/tree/tree_size.h"
#include "core/run/parallel.h"

namespace dfsck {

// For orphans only: whoever is to move something away wants to know what it is worth, and walking
// through all layers would take as long as a check of their headers.
DirSizes measure_unowned(const Root& root, const Model& model, const Derived& derived, unsigned jobs,
                         const Cancel& cancel) {
  std::vector<size_t> unowned;
  for (size_t i = 0; i < derived.dirs.size(); ++i) {
    if (!derived.dirs[i].reached && model.overlay.dirs[i].diff.exists) {
      unowned.push_back(i);
    }
  }
  std::vector<std::optional<uint64_t>> measured(unowned.size());
  for_each_index(unowned.size(), jobs, cancel, [&](size_t n) {
    if (const Result<uint64_t> bytes = tree_size(root, model.overlay.dirs[unowned[n]].path / "diff"); bytes) {
      measured[n] = *bytes;
    }
  });
  DirSizes sizes;
  for (size_t n = 0; n < unowned.size(); ++n) {
    if (measured[n]) {
      sizes.bytes.emplace(model.overlay.dirs[unowned[n]].id, *measured[n]);
    }
  }
  return sizes;
}

}  // namespace dfsck

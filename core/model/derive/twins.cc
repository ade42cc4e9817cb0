// A layer that BuildKit built is registered as the directory that it was built in, which stands on BuildKit's
// directories of the layers below. Where one of those was a layer of the store already, from a pull or a load, the
// store keeps the directory that it had (moby builder-next/adapters/snapshot/layer.go:EnsureLayer, layer/migration.go:
// RegisterByGraphID), and so one layer lies in two directories. A prune forgets the second one's record and leaves the
// directory: only the chain of the layer above knows it then.
#include <algorithm>

#include "core/model/derive/steps.h"

namespace dfsck::deriving {
namespace {

// Without this every such root would have directories that nobody owns although a healthy image stands on them, and a
// repair that took them for garbage would break it.
class DuplicateDirectories {
 public:
  DuplicateDirectories(const Model& model, const LinkMap& links, Derived& derived)
      : model_(model), links_(links), derived_(derived) {}

  // Down from the layer's directory, for as long as it stands on such directories.
  void find_below(size_t layer) {
    const LayerTruth* truth = &derived_.layers[layer];
    const OverlayDir* above = truth->cache ? model_.overlay.find(*truth->cache) : nullptr;
    while (above != nullptr && truth != nullptr && truth->parent_known && truth->parent) {
      const ChainId chain = *truth->parent;
      const std::optional<CacheId> below = links_.piece(*above, 0);
      const OverlayDir* duplicate = below ? model_.overlay.find(*below) : nullptr;
      truth = derived_.find_layer(model_, chain);
      if (duplicate == nullptr || truth == nullptr || !is_duplicate(*duplicate, *above, *truth)) {
        return;
      }
      derived_.find_dir(model_, *below)->owners.push_back({DirOwner::Kind::Duplicate, chain.text()});
      above = duplicate;
    }
  }

 private:
  // BuildKit's by its name, nobody else's by all records, and `above` has the very chain that the driver writes for
  // what is made on it (overlay2/overlay.go:getLower), as deep as the layer's.
  bool is_duplicate(const OverlayDir& dir, const OverlayDir& above, const LayerTruth& layer) const {
    const std::vector<DirOwner>& owners = derived_.find_dir(model_, dir.id)->owners;
    const bool is_builds = std::all_of(owners.begin(), owners.end(),
                                       [](const DirOwner& owner) { return owner.kind == DirOwner::Kind::Build; });
    if (dir.id.form() != CacheId::Form::BuildKit || !is_builds || !dir.diff.exists || layer.cache == dir.id) {
      return false;
    }
    std::vector<std::optional<CacheId>> chain{dir.id};
    for (const std::optional<CacheId>& id : links_.pieces(dir)) {
      chain.push_back(id);
    }
    return chain == links_.pieces(above) && chain.size() == depth_of(layer);
  }

  // How many layers there are from this one down; 0 where that is not known.
  // Bounded, since parents that come from a disk can run in a circle.
  size_t depth_of(const LayerTruth& layer) const {
    size_t depth = 1;
    const LayerTruth* at = &layer;
    while (at->parent_known && at->parent) {
      at = derived_.find_layer(model_, *at->parent);
      if (at == nullptr || ++depth > kMaxDepth) {
        return 0;
      }
    }
    return at->parent_known ? depth : 0;
  }

  const Model& model_;
  const LinkMap& links_;
  Derived& derived_;
};

}  // namespace

void derive_duplicates(const Model& model, const LinkMap& links, Derived& derived) {
  DuplicateDirectories duplicates(model, links, derived);
  for (size_t i = 0; i < derived.layers.size(); ++i) {
    duplicates.find_below(i);
  }
}

}  // namespace dfsck::deriving

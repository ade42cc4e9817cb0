// What the "diff" and "parent" of each layer must be. A chain ID is the hash of both, so whatever hashes to the
// entry's name is proven; image configs give the pairs, else they are searched for.
#include <map>
#include <set>

#include "core/model/derive/steps.h"

namespace dfsck::deriving {
namespace {

// Trying every parent for every broken layer is quadratic; beyond this many hashes it is not tried.
constexpr size_t kMaxTrials = 4'000'000;

// The daemon checks none of this when it loads a layer: a wrong but valid "parent" or "diff" shows only at a save, or
// when the removal of another image takes away a layer in use.
struct Identity {
  DiffId diff;
  std::optional<ChainId> parent;
};

class Identifier {
 public:
  // Image configs come first because they are proven themselves: their name is the hash of their bytes, and their
  // diff_ids in order give every chain ID below them, each with its pair of parent and diff.
  Identifier(const Model& model, const LinkMap& links) : model_(model), links_(links) {
    for (const Image& image : model.images.images) {
      std::optional<ChainId> parent;
      for (size_t i = 0; i < image.chain.size(); ++i) {
        by_image_.try_emplace(image.chain[i], Identity{image.diff_ids[i], parent});
        parent = image.chain[i];
      }
    }
    for (const auto& [chain, identity] : by_image_) {
      chains_.insert(chain);
      diffs_.insert(identity.diff);
    }
    for (const Layer& layer : model.layers.layers) {
      chains_.insert(layer.id);
      if (layer.diff_id) {
        diffs_.insert(*layer.diff_id);
      }
      if (layer.cache) {
        by_cache_.try_emplace(*layer.cache, layer.id);
      }
    }
    // The cache of distribution/ outlives images, so it can know diff IDs that no config has any more. A wrong one
    // does no harm: nothing is believed that does not hash to the entry's name.
    for (const DistributionEntry& entry : model.images.v2metadata_by_diffid) {
      if (const std::optional<DiffId> diff = DiffId::from_hex(entry.key); diff) {
        diffs_.insert(*diff);
      }
    }
  }

  std::optional<Identity> identify(const Layer& layer) {
    if (const auto known = by_image_.find(layer.id); known != by_image_.end()) {
      return known->second;
    }
    // Cheap tries before the search: the file's own word, the layer whose directory this one stands on, and none.
    // Only the hash decides, so the order is one of speed.
    std::vector<std::optional<ChainId>> parents = {layer.parent_id, parent_by_overlay(layer), std::nullopt};
    for (const std::optional<ChainId>& parent : parents) {
      if (layer.diff_id && chain_id(parent, *layer.diff_id) == layer.id) {
        return Identity{*layer.diff_id, parent};
      }
    }
    // A base layer's chain ID is its diff ID, so the entry's name alone would give both. That proves nothing, as every
    // name could be a diff ID: it takes a directory that is a base layer's.
    if (is_base_by_overlay(layer)) {
      return Identity{*DiffId::from_hex(layer.id.hex()), std::nullopt};
    }
    return search(layer);
  }

  // What the entry's own files say that its name should be; only where an image is at a loss without it.
  std::optional<ChainId> right_name(const Layer& layer) const {
    if (!layer.diff_id || (!layer.parent_id && !layer.parent.absent())) {
      return std::nullopt;
    }
    const ChainId right = chain_id(layer.parent_id, *layer.diff_id);
    const bool wanted = by_image_.contains(right) && model_.layers.find(right) == nullptr;
    return wanted ? std::optional(right) : std::nullopt;
  }

 private:
  // The layer whose directory comes first in the lower chain of this layer's directory.
  std::optional<ChainId> parent_by_overlay(const Layer& layer) const {
    const OverlayDir* dir = layer.cache ? model_.overlay.find(*layer.cache) : nullptr;
    const std::optional<CacheId> below = dir != nullptr ? links_.piece(*dir, 0) : std::nullopt;
    const auto owner = below ? by_cache_.find(*below) : by_cache_.end();
    return owner != by_cache_.end() ? std::optional(owner->second) : std::nullopt;
  }

  // A base layer's directory never gets "lower" or "work" (overlay2/overlay.go:create).
  // work/ decides where lower is lost: a layer on top of another gets work/ before it gets lower, so a directory with
  // work/ and without lower is damaged and not a base.
  bool is_base_by_overlay(const Layer& layer) const {
    const OverlayDir* dir = layer.cache ? model_.overlay.find(*layer.cache) : nullptr;
    return dir != nullptr && layer.parent.absent() && dir->lower.absent() && !dir->work.exists;
  }

  // First for the parent, where the diff is known; then for the diff, where a parent is likely. Both unknown at once
  // would be a product of all with all.
  std::optional<Identity> search(const Layer& layer) {
    if (layer.diff_id) {
      for (const ChainId& parent : chains_) {
        if (!spend()) {
          return std::nullopt;
        }
        if (chain_id(parent, *layer.diff_id) == layer.id) {
          return Identity{*layer.diff_id, parent};
        }
      }
    }
    for (const std::optional<ChainId>& parent : {layer.parent_id, parent_by_overlay(layer)}) {
      for (const DiffId& diff : diffs_) {
        if (!parent || !spend()) {
          break;
        }
        if (chain_id(parent, diff) == layer.id) {
          return Identity{diff, parent};
        }
      }
    }
    return std::nullopt;
  }

  // One budget for the whole root: many broken layers together must not take hours. What is not found by then is not
  // proven, and stays unknown.
  bool spend() { return trials_++ < kMaxTrials; }

  const Model& model_;
  const LinkMap& links_;
  std::map<ChainId, Identity> by_image_;
  std::map<CacheId, ChainId> by_cache_;
  std::set<ChainId> chains_;
  std::set<DiffId> diffs_;
  size_t trials_ = 0;
};

}  // namespace

void derive_layer_identity(const Model& model, const LinkMap& links, Derived& derived) {
  Identifier identifier(model, links);
  for (size_t i = 0; i < model.layers.layers.size(); ++i) {
    const std::optional<Identity> identity = identifier.identify(model.layers.layers[i]);
    if (identity) {
      derived.layers[i].diff = identity->diff;
      derived.layers[i].parent = identity->parent;
      derived.layers[i].parent_known = true;
    } else {
      derived.layers[i].right_name = identifier.right_name(model.layers.layers[i]);
    }
  }
}

}  // namespace dfsck::deriving

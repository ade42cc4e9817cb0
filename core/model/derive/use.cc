// What is in use: layers by images, mounts and builds, directories by anything that is owned.
#include <algorithm>
#include <vector>

#include "core/model/derive/steps.h"

namespace dfsck::deriving {
namespace {

// Stops where it meets what is used already: each layer is visited once, however many images share it.
void use_chain(const Model& model, Derived& derived, const ChainId& top) {
  std::optional<ChainId> next = top;
  while (next) {
    LayerTruth* truth = derived.find_layer(model, *next);
    if (truth == nullptr || truth->used) {
      return;
    }
    truth->used = true;
    next = truth->parent;
  }
}

// By every layer of an image and not by its top alone: of an image whose top layer is lost the lower ones are wanted
// all the same, since a pull or a load adopts them.
void use_layers(const Model& model, Derived& derived) {
  for (LayerTruth& truth : derived.layers) {
    truth.used = truth.used || truth.right_name.has_value();
  }
  for (const Image& image : model.images.images) {
    for (const ChainId& chain : image.chain) {
      use_chain(model, derived, chain);
    }
  }
  // Also of mounts whose container is gone: the daemon pins these layers as long as the entry is there.
  for (const MountTruth& mount : derived.mounts) {
    if (mount.parent) {
      use_chain(model, derived, *mount.parent);
    }
  }
  for (const BuildSnapshot& snapshot : model.build_cache.snapshots) {
    if (const std::optional<ChainId> chain = ChainId::parse(snapshot.key); chain) {
      use_chain(model, derived, *chain);
    }
    if (snapshot.chain) {
      use_chain(model, derived, *snapshot.chain);
    }
  }
}

bool owned_by_more_than_removals(const DirTruth& truth) {
  return std::any_of(truth.owners.begin(), truth.owners.end(),
                     [](const DirOwner& owner) { return owner.kind != DirOwner::Kind::Removing; });
}

}  // namespace

// Twice around: first from what is meant to stay, then from what unfinished removals own as well. What only the
// second reaches may go with the removal, but is not garbage yet.
void derive_use(const Model& model, const LinkMap& links, Derived& derived) {
  use_layers(model, derived);

  std::vector<size_t> open;
  const auto reach = [&](size_t i) {
    if (!derived.dirs[i].reached) {
      derived.dirs[i].reached = true;
      open.push_back(i);
    }
  };
  const auto reach_id = [&](const std::optional<CacheId>& id) {
    if (const OverlayDir* dir = id ? model.overlay.find(*id) : nullptr; dir != nullptr) {
      reach(static_cast<size_t>(dir - model.overlay.dirs.data()));
    }
  };
  const auto reach_below = [&] {
    while (!open.empty()) {
      const size_t i = open.back();
      open.pop_back();
      reach_id(derived.dirs[i].parent);
      // What a mount would use counts as much as what it should use.
      for (const std::optional<CacheId>& below : links.pieces(model.overlay.dirs[i])) {
        reach_id(below);
      }
    }
  };
  for (size_t i = 0; i < derived.dirs.size(); ++i) {
    // A mount point is in use whoever owns it: some container runs on it right now.
    if (owned_by_more_than_removals(derived.dirs[i]) || model.overlay.dirs[i].merged_is_mount) {
      reach(i);
    }
  }
  reach_below();
  for (DirTruth& truth : derived.dirs) {
    truth.live = truth.reached;
  }
  for (size_t i = 0; i < derived.dirs.size(); ++i) {
    if (!derived.dirs[i].owners.empty()) {
      reach(i);
    }
  }
  reach_below();
}

}  // namespace dfsck::deriving

// On which directory each one stands: what its owner was told when it made the directory.
#include <algorithm>
#include <set>

#include "core/model/derive/steps.h"

namespace dfsck::deriving {
namespace {

// Unknown always comes with a reason: it is what a finding says where a chain cannot be rebuilt.
struct ParentOf {
  bool known = false;
  std::optional<CacheId> parent;
  std::string reason;
};

ParentOf unknown(std::string reason) { return {false, std::nullopt, std::move(reason)}; }

class Parents {
 public:
  Parents(const Model& model, const LinkMap& links, const Derived& derived)
      : model_(model), links_(links), derived_(derived) {
    for (const BuildSnapshot& snapshot : model.build_cache.snapshots) {
      const std::optional<CacheId> dir = CacheId::parse(snapshot.committed);
      if (dir && snapshot.chain) {
        also_[*snapshot.chain].insert(*dir);
      }
    }
    for (size_t i = 0; i < model.layers.mounts.size(); ++i) {
      mounts_.emplace(model.layers.mounts[i].name, i);
    }
  }

  // Two owners of one kind that do not agree leave the parent unknown. Another kind is only asked where the more
  // exact one has no answer.
  ParentOf find(const CacheId& id, const OverlayDir* dir, const std::vector<DirOwner>& owners) const {
    ParentOf found = unknown("nothing that owns it says what it stands on");
    // BuildKit's record says exactly what the driver was told at creation; a layer entry only which layer it was.
    for (const DirOwner::Kind kind : {DirOwner::Kind::Build, DirOwner::Kind::Layer, DirOwner::Kind::Init,
                                      DirOwner::Kind::Writable, DirOwner::Kind::Duplicate}) {
      if (found.known) {
        break;
      }
      for (const DirOwner& owner : owners) {
        const ParentOf said = owner.kind == kind ? by_owner(id, dir, owner) : ParentOf{};
        if (said.known && found.known && said.parent != found.parent) {
          return unknown("several owners claim it and do not agree");
        }
        if (owner.kind == kind && !found.known) {
          found = said;
        }
      }
    }
    return found;
  }

 private:
  ParentOf by_owner(const CacheId& id, const OverlayDir* dir, const DirOwner& owner) const {
    switch (owner.kind) {
      case DirOwner::Kind::Build: return by_build(id);
      case DirOwner::Kind::Layer:
      case DirOwner::Kind::Duplicate: return by_layer(*ChainId::parse(owner.name), dir);
      case DirOwner::Kind::Init: return by_mount(owner.name);
      case DirOwner::Kind::Writable: return by_writable(owner.name);
      case DirOwner::Kind::Removing: break;
    }
    return unknown("it is being removed");
  }

  // The driver was given a directory when the child was made, not a layer. Mostly these are the same; where a layer
  // has two directories, what the child's lower file names is the right one of the two.
  ParentOf of_chain(const ChainId& chain, const OverlayDir* dir) const {
    const LayerTruth* truth = derived_.find_layer(model_, chain);
    if (truth == nullptr) {
      return unknown("layer " + chain.text() + " below it is not in layerdb");
    }
    // The same layer can exist in a second directory, of the build cache, and a child made there stands on that one.
    const std::optional<CacheId> actual = dir != nullptr ? links_.piece(*dir, 0) : std::nullopt;
    if (actual && (is_also(chain, *actual) || is_duplicate(chain, *actual))) {
      return {true, actual, {}};
    }
    return truth->cache ? ParentOf{true, truth->cache, {}}
                        : unknown("the directory of layer " + chain.text() + " below it is not known");
  }

  bool is_also(const ChainId& chain, const CacheId& dir) const {
    const auto also = also_.find(chain);
    return also != also_.end() && also->second.contains(dir);
  }

  bool is_duplicate(const ChainId& chain, const CacheId& dir) const {
    const DirTruth* truth = derived_.find_dir(model_, dir);
    return truth != nullptr && std::count(truth->owners.begin(), truth->owners.end(),
                                          DirOwner{DirOwner::Kind::Duplicate, chain.text()}) > 0;
  }

  // A base layer is known to stand on nothing, which is an answer; that a layer's parent is not known is none.
  ParentOf by_layer(const ChainId& chain, const OverlayDir* dir) const {
    const LayerTruth* truth = derived_.find_layer(model_, chain);
    if (truth == nullptr || !truth->parent_known) {
      return unknown("the parent of layer " + chain.text() + " is not known");
    }
    return truth->parent ? of_chain(*truth->parent, dir) : ParentOf{true, std::nullopt, {}};
  }

  ParentOf by_mount(const std::string& name) const {
    const MountTruth& mount = derived_.mounts[mounts_.at(name)];
    if (!mount.parent_known) {
      return unknown("the layers of mount " + name + " are not known");
    }
    return mount.parent ? of_chain(*mount.parent, nullptr) : ParentOf{true, std::nullopt, {}};
  }

  // Always on its init layer, whatever mounts/ says of the layer below: the daemon makes the init layer first and the
  // writable one on top of it. Builds have no init layer.
  ParentOf by_writable(const std::string& name) const {
    const MountTruth& mount = derived_.mounts[mounts_.at(name)];
    return mount.init_dir ? ParentOf{true, mount.init_dir, {}} : by_mount(name);
  }

  // docker-root-format: the parent of a snapshot is a key; its data are in `committed`, in a layer, or in itself.
  ParentOf by_build(const CacheId& id) const {
    const BuildSnapshot* own = model_.build_cache.find(id.text());
    if (own == nullptr || !own->parent) {
      return unknown("the build cache has no record of what it stands on");
    }
    // The value is there and empty: a build that started from nothing.
    if (own->parent->empty()) {
      return {true, std::nullopt, {}};
    }
    if (const std::optional<ChainId> chain = ChainId::parse(*own->parent); chain) {
      return of_chain(*chain, nullptr);
    }
    const BuildSnapshot* parent = model_.build_cache.find(*own->parent);
    if (parent == nullptr) {
      return unknown("the build cache has no record of its parent");
    }
    // The key of a committed snapshot is a name only; its files lie in the directory that "committed" names, never in
    // one of its own.
    if (const std::optional<CacheId> dir = CacheId::parse(parent->committed); dir) {
      return {true, dir, {}};
    }
    if (parent->chain && !parent->parent) {
      return of_chain(*parent->chain, nullptr);
    }
    const std::optional<CacheId> self = CacheId::parse(parent->key);
    return self ? ParentOf{true, self, {}} : unknown("the build cache's record of its parent makes no sense");
  }

  const Model& model_;
  const LinkMap& links_;
  const Derived& derived_;
  std::map<ChainId, std::set<CacheId>> also_;
  std::map<std::string, size_t> mounts_;
};

}  // namespace

void derive_parents(const Model& model, const LinkMap& links, Derived& derived) {
  const Parents parents(model, links, derived);
  const auto apply = [&](const CacheId& id, const OverlayDir* dir, DirTruth& truth) {
    ParentOf found = parents.find(id, dir, truth.owners);
    // Circles of more than one are found when the lower files are worked out.
    if (found.known && found.parent == id) {
      found = unknown("it would stand on itself");
    }
    truth.parent_known = found.known;
    truth.parent = found.parent;
    truth.unknown_reason = std::move(found.reason);
  };
  for (size_t i = 0; i < derived.dirs.size(); ++i) {
    apply(model.overlay.dirs[i].id, &model.overlay.dirs[i], derived.dirs[i]);
  }
  for (auto& [id, truth] : derived.missing_dirs) {
    apply(id, nullptr, truth);
  }
}

}  // namespace dfsck::deriving

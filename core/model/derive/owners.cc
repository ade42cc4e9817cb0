// Mounts, and who owns which directory of overlay2. A lost cache-id is found again through whoever stands on the
// layer, or as the only directory that nobody owns and that stands on the right parent; rulings come before both.
#include <algorithm>
#include <set>

#include "core/codec/digest.h"
#include "core/model/derive/steps.h"

namespace dfsck::deriving {
namespace {

constexpr std::string_view kInit = "-init";

// The writable directory that an init directory belongs to.
std::optional<CacheId> writable_of(const CacheId& init) {
  return CacheId::parse(std::string_view(init.text()).substr(0, init.text().size() - kInit.size()));
}

// An owner is anything that names a directory, whole or broken, wanted or being removed. Whoever says "orphan" must
// have heard all of them: what nobody owns may be moved away, and a forgotten owner would lose its data.
class Owners {
 public:
  Owners(const Model& model, Derived& derived) : model_(model), derived_(derived) {}

  void own(const CacheId& dir, DirOwner::Kind kind, std::string name) {
    DirTruth* truth = nullptr;
    if (const OverlayDir* found = model_.overlay.find(dir); found != nullptr) {
      truth = &derived_.dirs[static_cast<size_t>(found - model_.overlay.dirs.data())];
    } else if (model_.driver_covered && kind != DirOwner::Kind::Removing) {
      truth = &derived_.missing_dirs[dir];  // a removal may well have taken the directory already
    }
    if (truth != nullptr) {
      truth->owners.push_back({kind, std::move(name)});
    }
  }

  // A directory that is not there is only known by those who name it; with the last of them it is forgotten.
  void disown(const CacheId& dir, const DirOwner& owner) {
    if (DirTruth* truth = derived_.find_dir(model_, dir); truth != nullptr) {
      std::erase(truth->owners, owner);
    }
    if (const auto missing = derived_.missing_dirs.find(dir);
        missing != derived_.missing_dirs.end() && missing->second.owners.empty()) {
      derived_.missing_dirs.erase(missing);
    }
  }

  // Whether another layer claims the directory as well.
  bool is_shared(const CacheId& dir) const {
    const DirTruth* truth = derived_.find_dir(model_, dir);
    return truth != nullptr && std::count_if(truth->owners.begin(), truth->owners.end(), [](const DirOwner& owner) {
                                 return owner.kind == DirOwner::Kind::Layer;
                               }) > 1;
  }

  bool is_owned(size_t dir) const { return !derived_.dirs[dir].owners.empty(); }

 private:
  const Model& model_;
  Derived& derived_;
};

// Where a layer was registered out of a build, layerdb and the build cache both own its directory, which is healthy:
// removing the build's record releases a reference and no more (moby
// builder-next/adapters/snapshot/layer.go:EnsureLayer).
void own_build_records(const Model& model, Owners& owners) {
  for (const BuildSnapshot& snapshot : model.build_cache.snapshots) {
    // moby adapters/snapshot: a bucket with a "parent" is itself a directory, a "committed" value names one.
    if (const std::optional<CacheId> dir = CacheId::parse(snapshot.key); dir && snapshot.parent) {
      owners.own(*dir, DirOwner::Kind::Build, snapshot.key);
    }
    if (const std::optional<CacheId> dir = CacheId::parse(snapshot.committed); dir) {
      owners.own(*dir, DirOwner::Kind::Build, snapshot.key);
    }
  }
}

// The directory that layers, mounts or builds standing on `layer` name as the one below them.
// The daemon wrote these names when the layer was whole: getLower() put the parent's link first in each child's lower
// file. If they do not agree, one of them is damaged, and nothing is concluded.
std::optional<CacheId> named_from_above(const Model& model, const LinkMap& links, const Derived& derived,
                                        const ChainId& layer) {
  std::set<CacheId> named;
  const auto look_below = [&](const std::optional<CacheId>& above) {
    const OverlayDir* dir = above ? model.overlay.find(*above) : nullptr;
    if (const auto below = dir != nullptr ? links.piece(*dir, 0) : std::nullopt; below) {
      named.insert(*below);
    }
  };
  for (size_t i = 0; i < derived.layers.size(); ++i) {
    if (derived.layers[i].parent == layer) {
      look_below(model.layers.layers[i].cache);
    }
  }
  for (const MountTruth& mount : derived.mounts) {
    if (mount.parent == layer) {
      look_below(mount.init_dir ? mount.init_dir : mount.dir);
    }
  }
  for (const BuildSnapshot& snapshot : model.build_cache.snapshots) {
    if (const auto dir = CacheId::parse(snapshot.committed); dir && snapshot.chain == layer) {
      named.insert(*dir);
    }
  }
  return named.size() == 1 ? std::optional(*named.begin()) : std::nullopt;
}

// The only unowned directory that stands on the directory of the layer's parent (or on none, for a base layer).
// Elimination, and so only a candidate: what makes it certain is the content check, which holds the tree against the
// layer's tar-split. An init directory never belongs to a layer.
std::optional<CacheId> only_fitting(const Model& model, const LinkMap& links, const Derived& derived,
                                    const Owners& owners, const LayerTruth& layer) {
  std::optional<CacheId> below;
  if (layer.parent) {
    const LayerTruth* parent = derived.find_layer(model, *layer.parent);
    if (parent == nullptr || !parent->cache) {
      return std::nullopt;
    }
    below = parent->cache;
  }
  std::optional<CacheId> fitting;
  for (size_t i = 0; i < model.overlay.dirs.size(); ++i) {
    const OverlayDir& dir = model.overlay.dirs[i];
    if (owners.is_owned(i) || dir.id.form() == CacheId::Form::Init || !dir.diff.exists ||
        links.piece(dir, 0) != below || (!below && dir.lower.present())) {
      continue;
    }
    if (fitting) {
      return std::nullopt;
    }
    fitting = dir.id;
  }
  return fitting;
}

// cache-id names a directory that is not there, or that is another layer's too. If all that stands on the layer names
// another one, which exists and which nobody owns, then it is the file that is wrong.
// Never by elimination: here the file says something, so it takes the word of others to overrule it, and the
// directory that they name must be nobody else's.
void correct_misnamed(const Model& model, const LinkMap& links, Owners& owners, Derived& derived, size_t layer) {
  const ChainId& id = model.layers.layers[layer].id;
  const std::optional<CacheId> named = named_from_above(model, links, derived, id);
  const OverlayDir* dir = named ? model.overlay.find(*named) : nullptr;
  if (dir == nullptr || owners.is_owned(static_cast<size_t>(dir - model.overlay.dirs.data()))) {
    return;
  }
  LayerTruth& truth = derived.layers[layer];
  owners.disown(*truth.cache, {DirOwner::Kind::Layer, id.text()});
  truth.cache = named;
  truth.cache_proof = "what stands on the layer names it";
  owners.own(*named, DirOwner::Kind::Layer, id.text());
}

// The directory of a layer that has none any more, as the layers above name it, else by a new name: made from the chain
// ID, so that every run chooses the same.
// A name that the layers above remember is the best, since their lower files stay right with it.
CacheId place_for(const Model& model, const LinkMap& links, const Derived& derived, const ChainId& layer) {
  const std::optional<CacheId> named = named_from_above(model, links, derived, layer);
  return named && model.overlay.find(*named) == nullptr && !derived.missing_dirs.contains(*named)
             ? *named
             : *CacheId::parse(sha256_hex("directory of layer " + layer.text()));
}

// A ruling comes from contents: the directory that cache-id names holds another layer's files. It outweighs names and
// positions, so it is applied before anything is looked for.
void obey(const Model& model, const LinkMap& links, const Rulings& rulings, Owners& owners, Derived& derived) {
  for (const Ruling& ruling : rulings) {
    LayerTruth& truth = derived.layers[ruling.layer];
    const ChainId& id = model.layers.layers[ruling.layer].id;
    if (truth.cache) {
      owners.disown(*truth.cache, {DirOwner::Kind::Layer, id.text()});
    }
    truth.keeper = ruling.keeper;
    truth.cache = ruling.own ? *ruling.own : place_for(model, links, derived, id);
    truth.cache_proof =
        ruling.own ? "its files are those that the layer's tar-split describes" : "a new one: the layer's own is gone";
    owners.own(*truth.cache, DirOwner::Kind::Layer, id.text());
  }
}

void find_lost_cache_ids(const Model& model, const LinkMap& links, Owners& owners, Derived& derived) {
  for (size_t i = 0; i < derived.layers.size(); ++i) {
    const Layer& layer = model.layers.layers[i];
    LayerTruth& truth = derived.layers[i];
    const bool misnamed =
        // Two layers in one directory is nothing that a daemon writes; it comes from hand repairs and merged roots,
        // and removing one layer would take the other's files along.
        layer.cache && (model.overlay.find(*layer.cache) == nullptr || owners.is_shared(*layer.cache));
    if ((layer.cache && !misnamed) || truth.keeper || !truth.parent_known || !model.driver_covered) {
      continue;
    }
    if (misnamed) {
      correct_misnamed(model, links, owners, derived, i);
      continue;
    }
    truth.cache = named_from_above(model, links, derived, layer.id);
    truth.cache_proof = "what stands on the layer names it";
    if (!truth.cache) {
      truth.cache = only_fitting(model, links, derived, owners, truth);
      truth.cache_proof = "it is the only directory without an owner that stands on the right parent";
    }
    if (truth.cache) {
      owners.own(*truth.cache, DirOwner::Kind::Layer, layer.id.text());
    }
  }
}

// Daemons make buildkit/ at every start. Without it, what only its records name is not known to be unused: it may be on
// a disk that is not mounted. By the form of the name alone: 25 characters of base 36 are made by BuildKit and by
// nobody else.
bool has_unowned_snapshots(const Model& model, const Derived& derived) {
  for (size_t i = 0; i < derived.dirs.size(); ++i) {
    if (model.overlay.dirs[i].id.form() == CacheId::Form::BuildKit && derived.dirs[i].owners.empty()) {
      return true;
    }
  }
  return false;
}

// The first reason is kept, for people; one is enough. Undetermined is not damaged: all of these only keep the word
// "orphan" from being said.
void judge_completeness(const Model& model, Derived& derived) {
  const auto incomplete = [&](std::string because) {
    if (derived.owners_complete) {
      derived.owners_complete = false;
      derived.owners_incomplete_because = std::move(because);
    }
  };
  derived.build_records_complete = model.build_cache.snapshots_db.readable();
  if (!derived.build_records_complete) {
    incomplete("the build cache's records cannot be read");
  } else if (!model.build_cache.exists && has_unowned_snapshots(model, derived)) {
    derived.build_records_complete = false;
    incomplete("the build cache's records are not there");
  }
  if (!model.layers.layers_complete) {
    incomplete("layerdb cannot be read completely");
  }
  if (!model.layers.mounts_complete) {
    incomplete("layerdb/mounts cannot be read completely");
  }
  // A layer that has lost its directory is an owner too: any directory without one may be its.
  for (size_t i = 0; i < derived.layers.size(); ++i) {
    const LayerTruth& truth = derived.layers[i];
    // Of a layer whose cache-id is ruled wrong, what nobody owns may be the damaged tree.
    if (!truth.cache || (truth.keeper && model.overlay.find(*truth.cache) == nullptr)) {
      incomplete("the directory of layer " + model.layers.layers[i].id.text() + " is not known");
    }
  }
  for (size_t i = 0; i < derived.dirs.size(); ++i) {
    const std::vector<DirOwner>& owners = derived.dirs[i].owners;
    const auto is_layer = [](const DirOwner& owner) { return owner.kind == DirOwner::Kind::Layer; };
    if (std::count_if(owners.begin(), owners.end(), is_layer) > 1) {
      incomplete("several layers claim overlay2/" + model.overlay.dirs[i].id.text());
    }
  }
  if (!model.overlay.complete) {
    incomplete(model.overlay.path.text() + " cannot be read completely");
  }
  // For layers the owners are images, so here a config that cannot be read, or one that a tag names and that is gone,
  // keeps every layer that could have been below it.
  derived.users_complete = derived.build_records_complete && model.images.complete && model.layers.mounts_complete &&
                           std::all_of(model.images.images.begin(), model.images.images.end(),
                                       [](const Image& image) { return image.problem.empty(); }) &&
                           std::all_of(model.images.references.references.begin(),
                                       model.images.references.references.end(), [&](const Reference& reference) {
                                         return !reference.image || model.images.find(*reference.image) != nullptr;
                                       });
}

}  // namespace

namespace {

// The top layer of the image that the container of that name was made from, if it is known.
std::optional<ChainId> top_of_image(const Model& model, const std::string& container_name) {
  const Container* container = model.containers.find(container_name);
  const Image* image = container != nullptr && container->image ? model.images.find(*container->image) : nullptr;
  return image != nullptr && !image->chain.empty() ? std::optional(image->chain.back()) : std::nullopt;
}

// mount-id is well-formed, but names a directory that is not there, or that both files of another entry name, while
// init-id names one that is there and that no other entry claims: then mount-id is the file that is wrong.
// Both files are written without fsync(2) when a container is made, so a crash can spoil either; but each alone gives
// both names.
bool is_mount_id_wrong(const Model& model, const Mount& mount) {
  if (mount.of_build || !mount.dir || mount.dir->form() != CacheId::Form::Hex || !mount.init_dir ||
      mount.init_dir->form() != CacheId::Form::Init || mount.dir->init() == mount.init_dir) {
    return false;
  }
  const std::optional<CacheId> by_init = writable_of(*mount.init_dir);
  const auto& mounts = model.layers.mounts;
  const auto other = [&](const auto& claims) {
    return std::any_of(mounts.begin(), mounts.end(), [&](const Mount& m) { return &m != &mount && claims(m); });
  };
  const bool taken = other([&](const Mount& m) { return m.dir == mount.dir && m.init_dir == mount.dir->init(); });
  return (taken || model.overlay.find(*mount.dir) == nullptr) && by_init && model.overlay.find(*by_init) != nullptr &&
         model.overlay.find(*mount.init_dir) != nullptr && !other([&](const Mount& m) { return m.dir == by_init; });
}

}  // namespace

// An entry's third file says which layer the container stands on. Where it is lost the directory below says it, since
// init stands on the image's top layer; where it is missing the daemon holds no reference on the layers, and an `rmi`
// deletes them under the container.
void derive_mounts(const Model& model, const LinkMap& links, Derived& derived) {
  std::map<CacheId, ChainId> layer_of;
  for (const Layer& layer : model.layers.layers) {
    if (layer.cache) {
      layer_of.try_emplace(*layer.cache, layer.id);
    }
  }
  for (size_t i = 0; i < model.layers.mounts.size(); ++i) {
    const Mount& mount = model.layers.mounts[i];
    MountTruth& truth = derived.mounts[i];
    const bool usable = mount.dir && mount.dir->form() == CacheId::Form::Hex && !is_mount_id_wrong(model, mount);
    truth.dir = usable ? mount.dir : std::nullopt;
    if (!truth.dir && mount.init_dir && mount.init_dir->form() == CacheId::Form::Init) {
      truth.dir = writable_of(*mount.init_dir);
    }
    if (truth.dir && !mount.of_build) {
      truth.init_dir = truth.dir->init();
    }
    truth.parent = mount.parent_id;
    truth.parent_known = mount.parent_id.has_value();
    const std::optional<CacheId>& standing = mount.of_build ? truth.dir : truth.init_dir;
    const OverlayDir* dir = standing ? model.overlay.find(*standing) : nullptr;
    if (dir != nullptr) {
      const std::optional<CacheId> below = links.piece(*dir, 0);
      const auto owner = below ? layer_of.find(*below) : layer_of.end();
      // The entry's word counts, unless the directory and the container's image agree on another layer.
      if (owner != layer_of.end() && (!truth.parent_known || owner->second == top_of_image(model, mount.name))) {
        truth.parent = owner->second;
        truth.parent_known = true;
      } else if (!truth.parent_known && mount.parent.absent() && dir->lower.absent() && !dir->work.exists) {
        truth.parent_known = true;  // an image without layers
      }
    }
  }
}

// Layers, removals, mounts and builds first, as their files say. Then rulings, then what is lost: finding a lost
// directory means to know which are taken, so it comes last.
void derive_owners(const Model& model, const LinkMap& links, const Rulings& rulings, Derived& derived) {
  Owners owners(model, derived);
  for (size_t i = 0; i < model.layers.layers.size(); ++i) {
    const Layer& layer = model.layers.layers[i];
    derived.layers[i].cache = layer.cache;
    if (layer.cache) {
      owners.own(*layer.cache, DirOwner::Kind::Layer, layer.id.text());
    }
  }
  for (const RemovingLayer& removing : model.layers.removing) {
    if (removing.cache) {
      owners.own(*removing.cache, DirOwner::Kind::Removing, std::string(removing.path.name()));
    }
  }
  for (size_t i = 0; i < model.layers.mounts.size(); ++i) {
    const MountTruth& mount = derived.mounts[i];
    if (mount.dir) {
      owners.own(*mount.dir, DirOwner::Kind::Writable, model.layers.mounts[i].name);
    }
    if (mount.init_dir) {
      owners.own(*mount.init_dir, DirOwner::Kind::Init, model.layers.mounts[i].name);
    }
  }
  own_build_records(model, owners);
  obey(model, links, rulings, owners, derived);
  find_lost_cache_ids(model, links, owners, derived);
  for (DirTruth& truth : derived.dirs) {
    std::sort(truth.owners.begin(), truth.owners.end());
  }
  // Nothing but a container makes a pair of X and X-init. Where no entry owns X its container has lost the entry, and
  // X may be the only copy of somebody's data: it is found here so that it is never taken for garbage.
  for (size_t i = 0; i < model.overlay.dirs.size(); ++i) {
    const OverlayDir& dir = model.overlay.dirs[i];
    const std::optional<CacheId> init = dir.id.form() == CacheId::Form::Hex ? dir.id.init() : std::nullopt;
    const OverlayDir* init_dir = init ? model.overlay.find(*init) : nullptr;
    if (init_dir == nullptr || owners.is_owned(i)) {
      continue;
    }
    Derived::LostWritable& lost = derived.lost_writables.emplace_back(Derived::LostWritable{dir.id, std::nullopt});
    if (const std::optional<CacheId> top = links.piece(*init_dir, 0); top) {
      for (size_t l = 0; l < derived.layers.size(); ++l) {
        if (derived.layers[l].cache == top) {
          lost.top = model.layers.layers[l].id;
        }
      }
    }
  }
  judge_completeness(model, derived);
}

}  // namespace dfsck::deriving

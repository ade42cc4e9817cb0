// Derived: what must be on disk if the rest of the root is to be believed.
//
// The root says most things more than once: image configs and chain IDs prove layerdb's files, layerdb proves the
// chains of overlay2, link files and short links prove each other. This is worked out once; checks compare it with
// what is there, and repairs write it. Pure: no I/O. Deterministic.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/model/model.h"

namespace dfsck {

// Who claims a directory of overlay2/.
struct DirOwner {
  enum class Kind {
    Layer,
    Removing,
    Writable,
    Init,
    Build,
    Duplicate,  // a second directory of a layer, made by BuildKit, on which another layer stands (duplicates.cc)
  };
  Kind kind;
  std::string name;  // chain ID text (Layer, Duplicate), mount name (container id), or BuildKit snapshot key
  friend auto operator<=>(const DirOwner&, const DirOwner&) = default;
};

// The daemon stacks at most 125 layers, an init layer and a writable one (overlay2/overlay.go:maxDepth).
inline constexpr size_t kMaxDepth = 128;

// What the files of a layerdb entry should hold. A member is set only where something proves it.
struct LayerTruth {
  std::optional<DiffId> diff;
  bool parent_known = false;
  std::optional<ChainId> parent;  // none with parent_known: a base layer
  // The name that the entry should have: what its "diff" and "parent" hash to, if that is not its own name, an image
  // needs that layer, and no entry has that name.
  std::optional<ChainId> right_name;
  std::optional<CacheId> cache;  // what cache-id says if it is sound, else the only directory that fits
  std::string cache_proof;       // why, if it is not what the file says
  // Where cache-id names the directory of another layer, as a ruling says: whose it is.
  std::optional<ChainId> keeper;
  bool used = false;  // reachable from an image, a mount, or the build cache
};

// What the files of a layerdb/mounts entry should hold.
struct MountTruth {
  std::optional<CacheId> dir;       // from mount-id, else (also where that is proven wrong) from init-id
  std::optional<CacheId> init_dir;  // none for mounts of builds
  bool parent_known = false;
  std::optional<ChainId> parent;  // none with parent_known: an image without layers
};

// What the files of an overlay2 directory should hold.
struct DirTruth {
  std::vector<DirOwner> owners;  // sorted; empty: nobody that we know of
  std::optional<LinkId> link;    // final link id; for unowned directories what its file says
  std::string link_proof;        // "overlay2/l names it", ... if it is not what the file says
  // The directory that this one stands on, if that is known.
  bool parent_known = false;
  std::optional<CacheId> parent;     // none with parent_known: a base layer
  std::string unknown_reason;        // why the chain below it is not known
  std::optional<std::string> lower;  // expected bytes of "lower"; none for base layers and where not known
  size_t depth = 0;                  // number of layers in `lower`
  bool has_children = false;         // some other directory stands on it
  bool reached = false;              // owned, mounted, or below something that is
  bool live = false;                 // the same, but for what only unfinished removals own
};

// What the contents of directories prove against a cache-id: that it names the directory of another layer.
struct Ruling {
  size_t layer = 0;            // in the model
  ChainId keeper;              // whose directory it is
  std::optional<CacheId> own;  // the directory that holds the layer's files
};
using Rulings = std::vector<Ruling>;

struct Derived {
  std::vector<LayerTruth> layers;            // like model.layers.layers
  std::vector<MountTruth> mounts;            // like model.layers.mounts
  std::vector<DirTruth> dirs;                // like model.overlay.dirs
  std::map<CacheId, DirTruth> missing_dirs;  // directories that owners name but that are not there

  // Every owner could be read: without it nothing is called an orphan. Else why not, in words.
  bool owners_complete = true;
  std::string owners_incomplete_because;
  // Every image config could be read: without it no layer is called unreferenced.
  bool users_complete = true;
  // Build cache records could be read (or there are none).
  bool build_records_complete = true;

  // Writable directories whose mount entry is lost: X with X-init, both unowned.
  struct LostWritable {
    CacheId dir;
    std::optional<ChainId> top;  // the layer that its lower chain starts from, behind the init layer
  };
  std::vector<LostWritable> lost_writables;

  // Lookups by id, in `dirs` and `missing_dirs` and in `layers`; null if there is none.
  const DirTruth* find_dir(const Model& model, const CacheId& id) const;
  DirTruth* find_dir(const Model& model, const CacheId& id);
  const LayerTruth* find_layer(const Model& model, const ChainId& id) const;
  LayerTruth* find_layer(const Model& model, const ChainId& id);
  // The layer whose entry should have this name, but has another.
  const Layer* find_misnamed(const Model& model, const ChainId& right_name) const;
};

Derived derive(const Model& model, const Rulings& rulings = {});

}  // namespace dfsck

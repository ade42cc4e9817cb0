// A part of a root that is copied as a whole: planned, measured, copied and compared as one.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#include "core/base/ids.h"
#include "core/base/relpath.h"
#include "core/content/verify.h"

namespace dfsck {

// What a part belongs to, for sums and for --exclude.
enum class CopyArea { Images, Layers, Containers, Volumes, BuildCache, Networks, Swarm, Plugins, Containerd, Other };
inline constexpr size_t kCopyAreas = 10;

// True leaves an entry out, a directory with all that is in it. `path` (bytes) is relative to the whole source, `type`
// is S_IFREG, S_IFDIR, ... Called from many threads at once, for everything in a unit but the unit itself.
using OmitFilter = std::function<bool(std::string_view path, uint32_t type)>;

// What is in a tree, by names: a file with two of them counts twice, wherever the other one is. So it is the same on
// any filesystem and in any order.
struct TreeCount {
  uint64_t names = 0;  // of everything but sockets, directories included
  uint64_t bytes = 0;  // of regular files, holes included

  TreeCount& operator+=(const TreeCount& other) {
    names += other.names;
    bytes += other.bytes;
    return *this;
  }
  friend bool operator==(const TreeCount&, const TreeCount&) = default;
};

// The same path below source and target. Units must not lie inside one another. Directories above a unit are made as
// they are needed and get the attributes that they have in the source, last of all.
struct MigrationUnit {
  enum class Kind {
    Layer,      // overlay2/<cache-id>/diff of an image layer that is verified while it is copied; `layer` is given
    Tree,       // anything with all that is in it; may be a single file, link or node too
    Directory,  // a directory without what is in it
  };

  RelPath path;
  Kind kind = Kind::Tree;
  std::optional<LayerInput> layer{};  // paths are relative to the whole source; its diff_dir must lie in `path`
  OmitFilter omit{};                  // null: nothing is
  // Of file contents, about; 0 where only a walk can tell (see measure_units). The heaviest units begin first, and
  // progress counts up to their sum.
  uint64_t expected_bytes = 0;

  std::optional<ChainId> chain{};  // the layer that a Layer unit, or a tree of an unverifiable layer, is
  CopyArea area = CopyArea::Other;
  // No daemon changes it once it is there: it can only be removed as a whole. So it may be copied while one runs.
  bool immutable = false;
  TreeCount count{};  // filled in by measure_units
};

}  // namespace dfsck

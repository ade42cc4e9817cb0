// Gathering: the daemon's own files, and some of each layer's.
#include "core/model/owners/evidence.h"

#include <algorithm>
#include <array>

#include "core/base/text.h"
#include "core/codec/override_stat.h"
#include "core/codec/tar/layer_stream.h"

namespace dfsck {
namespace {

// Enough to tell a map from an accident, little enough not to be felt.
constexpr size_t kMaxLayers = 16;
constexpr size_t kMaxEntries = 512;  // of a layer
constexpr size_t kMaxOfRoot = 8;     // of a layer, that belong to root: the most
constexpr size_t kMaxOfOthers = 16;  // of a layer

// The header has the owner in the container, the disk the one on the host: each file is a pair that a map must
// explain.
class LayerSample {
 public:
  LayerSample(const Root& root, const RelPath& tree, size_t layer, OwnerEvidence& evidence)
      : root_(root), tree_(tree), layer_(layer), evidence_(evidence) {}

  // Of an opaque directory: which mark it has.
  // Only a process that is root on the host can set a trusted attribute, so the marks tell where the layer was
  // unpacked, whatever happened to owners since.
  void take_mark(const LayerEntry& entry) {
    const std::optional<RelPath> inside = entry.base() == ".wh..wh..opq" ? RelPath::parse(entry.path) : std::nullopt;
    const auto xattrs = inside ? root_.xattrs(tree_.joined(inside->parent())) : format_error("", "", "");
    if (!xattrs) {
      return;
    }
    for (const auto& [name, value] : *xattrs) {
      evidence_.trusted_marks += name == "trusted.overlay.opaque" && value == "y" ? 1 : 0;
      evidence_.user_marks += name == "user.overlay.opaque" && value == "y" ? 1 : 0;
    }
  }

  void take(const LayerEntry& entry) {
    const TarHeader& header = entry.header;
    const bool of_root = header.uid == 0 && header.gid == 0;
    size_t& taken = of_root ? of_root_ : of_others_;
    // Whiteouts are left out: those of the kernel are root's and those of the daemon the header's, so their owners
    // prove nothing.
    const bool is_object = header.file_type() != 0 && !entry.path.empty() && !entry.base().starts_with(".wh.");
    const std::optional<RelPath> inside = RelPath::parse(entry.path);
    if (!is_object || !inside || taken >= (of_root ? kMaxOfRoot : kMaxOfOthers)) {
      return;
    }
    const RelPath path = tree_.joined(*inside);
    const Result<FileStat> stat = root_.stat(path);
    // A file that is gone or of another type is damaged or replaced; its owner is not the one of this header.
    if (!stat || (stat->mode & S_IFMT) != header.file_type() || has_override(path, *stat, header)) {
      return;
    }
    ++taken;
    evidence_.users.push_back({header.uid, stat->uid, layer_});
    evidence_.groups.push_back({header.gid, stat->gid, layer_});
  }

 private:
  // The owner on disk means nothing then.
  // fuse-overlayfs, run by an ordinary user, cannot give files away and keeps the wanted owner in an attribute.
  bool has_override(const RelPath& path, const FileStat& stat, const TarHeader& header) const {
    if (stat.uid == header.uid && stat.gid == header.gid) {
      return false;
    }
    const auto xattrs = root_.xattrs(path);
    return xattrs && std::any_of(xattrs->begin(), xattrs->end(),
                                 [](const auto& xattr) { return is_override_xattr(xattr.first); });
  }

  const Root& root_;
  const RelPath& tree_;
  const size_t layer_;
  OwnerEvidence& evidence_;
  size_t of_root_ = 0;
  size_t of_others_ = 0;
};

enum class SampleScope { Marks, OwnersAndMarks };

void sample_layer(const Root& root, const RelPath& tar_split, LayerSample sample, SampleScope scope) {
  const Result<Fd> fd = root.open_file(tar_split);
  if (!fd) {
    return;
  }
  // In the order of the tar, from its beginning, so that every run takes the same files and comes to the same
  // verdict.
  LayerStream stream(fd->get(), tar_split.text());
  LayerEntry entry;
  for (size_t i = 0; i < kMaxEntries; ++i) {
    const Result<LayerStream::Kind> kind = stream.next(entry);
    if (!kind || *kind != LayerStream::Kind::Entry) {
      return;
    }
    if (!entry.header.is_global()) {
      sample.take_mark(entry);
      if (scope == SampleScope::OwnersAndMarks) {
        sample.take(entry);
      }
    }
  }
}

// All that the daemon made is root's: its marks are not in doubt.
bool is_plainly_roots(const OwnerEvidence& evidence) {
  return std::all_of(evidence.daemon.begin(), evidence.daemon.end(),
                     [](const OwnerEvidence::Thing& thing) { return thing.uid == 0; });
}

}  // namespace

std::optional<RemapIds> remap_ids(std::string_view name) {
  const auto parts = split(name, '.');
  const bool digits = std::all_of(name.begin(), name.end(), [](char c) { return c == '.' || (c >= '0' && c <= '9'); });
  if (parts.size() != 2 || !digits) {
    return std::nullopt;
  }
  const std::optional<uint64_t> uid = parse_uint64(parts[0]);
  const std::optional<uint64_t> gid = parse_uint64(parts[1]);
  if (!uid || !gid || *uid > UINT32_MAX || *gid > UINT32_MAX) {
    return std::nullopt;
  }
  return RemapIds{static_cast<uint32_t>(*uid), static_cast<uint32_t>(*gid)};
}

// What the daemon makes for itself and never for a container. The group of the root, of containers/ and of overlay2/
// is that of remapped root since 20.10.9, so it tells nothing of where the daemon's own 0 lies.
void find_daemon_things(const Root& root, const Model& model, OwnerEvidence& evidence) {
  const auto add = [&](const char* what, const RelPath& path, bool keeps_group) {
    if (const Result<FileStat> stat = root.stat(path); stat && (stat->is_dir() || stat->is_file())) {
      evidence.daemon.push_back({what, stat->uid, keeps_group ? std::optional(stat->gid) : std::nullopt});
    }
  };
  add("the root directory", RelPath(), false);
  add("layerdb", model.image_path / "layerdb", true);
  if (!model.driver.empty()) {
    add("l/", RelPath() / model.driver / "l", true);
  }
  add("databases", "volumes/metadata.db", true);
  add("databases", "network/files/local-kv.db", true);
  add("containers", "containers", false);
  // A directory that is to become the root of a daemon in a namespace has nothing else to tell its group.
  const bool no_group = std::none_of(evidence.daemon.begin(), evidence.daemon.end(),
                                     [](const OwnerEvidence::Thing& thing) { return thing.gid.has_value(); });
  const Result<FileStat> top = root.stat(RelPath());
  if (no_group && top && top->uid != 0 && !evidence.daemon.empty()) {
    evidence.daemon.front().gid = top->gid;
  }
}

// The first layers in the order of their ids, which are hashes: a fair sample without a random number.
void sample_layer_owners(const Root& root, const Model& model, OwnerEvidence& evidence) {
  const bool needs_marks = !is_plainly_roots(evidence);
  size_t taken = 0;
  for (const Layer& layer : model.layers.layers) {
    if (!layer.cache || !layer.tar_split.present()) {
      continue;
    }
    const SampleScope scope = taken++ < kMaxLayers ? SampleScope::OwnersAndMarks : SampleScope::Marks;
    if (scope == SampleScope::Marks && !needs_marks) {
      return;
    }
    const RelPath tree = model.overlay.path / layer.cache->text() / "diff";
    sample_layer(root, layer.path / "tar-split.json.gz", LayerSample(root, tree, taken, evidence), scope);
  }
}

}  // namespace dfsck

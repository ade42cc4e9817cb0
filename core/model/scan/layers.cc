// Scans layerdb: sha256/ (layers and unfinished removals), mounts/, tmp/. Values are parsed as the daemon parses them
// (moby layer/filestore.go): "diff", "parent" and "cache-id" with white space trimmed, "size" without.
#include <algorithm>
#include <iterator>

#include "core/base/errno_class.h"
#include "core/base/text.h"
#include "core/model/model.h"
#include "core/run/parallel.h"

namespace dfsck {
namespace {

// The longest of these files that a daemon writes has 71 bytes.
constexpr size_t kSmallFile = 4096;
constexpr size_t kDescriptor = 1024 * 1024;
constexpr std::string_view kLayerRemoving = "-removing";

struct EntryScan {
  std::optional<Layer> layer;
  std::optional<RemovingLayer> removing;
  std::optional<RelPath> foreign;
  std::vector<ScanFailure> failures;
};

// layer_store.go:deleteLayer makes "<chain>-<random hex64>-removing", but filestore.go:getOrphan takes every directory
// whose name ends so and has a chain ID before its first '-', whatever stands between.
std::optional<ChainId> removing_chain(const DirEntry& entry) {
  const std::string_view name = entry.name;
  return entry.type == S_IFDIR && name.ends_with(kLayerRemoving) ? ChainId::from_hex(name.substr(0, name.find('-')))
                                                                 : std::nullopt;
}

// The daemon decodes the descriptor with encoding/json. An object is what it can take; deeper rules are not its affair.
// Daemons on Linux never write the file, which is of Windows' foreign layers, but they read it where it is: a bad one
// keeps the layer from being loaded.
bool looks_like_object(const std::string& bytes) {
  const std::string_view text = trimmed(bytes);
  return text.starts_with('{') && text.ends_with('}');
}

void parse_values(Layer& layer) {
  if (layer.diff.present()) {
    layer.diff_id = DiffId::parse(trimmed(layer.diff.bytes));
  }
  if (layer.parent.present()) {
    layer.parent_id = ChainId::parse(trimmed(layer.parent.bytes));
  }
  // strconv.ParseInt on the bytes as they are: a newline at the end, which an editor adds, makes the layer and all
  // that is on it vanish.
  if (layer.size.present()) {
    const std::optional<int64_t> value = parse_int64(layer.size.bytes);
    if (value && *value >= 0) {
      layer.size_value = static_cast<uint64_t>(*value);
    }
  }
  if (layer.cache_id.present()) {
    layer.cache_text = trimmed(layer.cache_id.bytes);
    layer.cache = CacheId::parse(layer.cache_text);
  }
  layer.descriptor_bad =
      !layer.descriptor.absent() && !(layer.descriptor.present() && looks_like_object(layer.descriptor.bytes));
}

// Whatever the entry holds, it owns the name of the chain: a registration of the same layer fails for ever at its
// last rename, "file exists", even if the directory is empty.
Layer read_layer(StateReader& reader, const RelPath& path, const ChainId& id) {
  Layer layer(id);
  layer.path = path;
  const Result<Dir> dir = reader.root().open_dir(path);
  if (!dir) {
    layer.is_directory = false;
    if (!says_absent(dir.error().code)) {
      reader.note(path, dir.error());
    }
    return layer;
  }
  layer.diff = reader.read(*dir, path, "diff", kSmallFile);
  layer.parent = reader.read(*dir, path, "parent", kSmallFile);
  layer.size = reader.read(*dir, path, "size", kSmallFile);
  layer.cache_id = reader.read(*dir, path, "cache-id", kSmallFile);
  layer.descriptor = reader.read(*dir, path, "descriptor.json", kDescriptor);
  // Not opened here: it can have many megabytes, and the daemon does not look at it either before a save or a push.
  const Result<FileStat> tar_split = dir->stat("tar-split.json.gz");
  if (tar_split) {
    layer.tar_split.kind = tar_split->is_file() ? FileState::Kind::Present : FileState::Kind::WrongType;
    layer.tar_split.mode = tar_split->mode;
    layer.tar_split.size = tar_split->size;
  }
  if (layer.diff.absent() && layer.cache_id.absent()) {
    const Result<std::vector<DirEntry>> entries = dir->list();
    layer.is_empty = entries && entries->empty();
  }
  parse_values(layer);
  return layer;
}

EntryScan scan_entry(const Root& root, const RelPath& base, const DirEntry& entry) {
  EntryScan scan;
  StateReader reader(root);
  const RelPath path = base / entry.name;
  if (const std::optional<ChainId> id = ChainId::from_hex(entry.name); id) {
    scan.layer = read_layer(reader, path, *id);
  } else if (const std::optional<ChainId> chain = removing_chain(entry); chain) {
    RemovingLayer& removing = scan.removing.emplace(*chain);
    removing.path = path;
    removing.cache_id = reader.read(path / "cache-id", kSmallFile);
    removing.cache_text = trimmed(removing.cache_id.bytes);
    removing.cache = CacheId::parse(removing.cache_text);
  } else {
    scan.foreign = path;
  }
  scan.failures = reader.take_failures();
  return scan;
}

struct MountScan {
  std::optional<Mount> mount;
  std::optional<RelPath> foreign;
  std::vector<ScanFailure> failures;
};

// Names are ids of containers, or 25 characters where a build step mounts a layer; the latter never have an init
// layer.
MountScan scan_mount(const Root& root, const RelPath& base, const DirEntry& entry) {
  MountScan scan;
  const RelPath path = base / entry.name;
  const bool of_build = is_buildkit_id(entry.name);
  if (entry.type != S_IFDIR || (!of_build && !is_hex64(entry.name))) {
    scan.foreign = path;
    return scan;
  }
  StateReader reader(root);
  Mount& mount = scan.mount.emplace();
  mount.name = entry.name;
  mount.path = path;
  mount.of_build = of_build;
  mount.mount_id = reader.read(path / "mount-id", kSmallFile);
  mount.init_id = reader.read(path / "init-id", kSmallFile);
  mount.parent = reader.read(path / "parent", kSmallFile);
  mount.dir = CacheId::parse(trimmed(mount.mount_id.bytes));
  mount.init_dir = CacheId::parse(trimmed(mount.init_id.bytes));
  mount.parent_id = ChainId::parse(trimmed(mount.parent.bytes));
  scan.failures = reader.take_failures();
  return scan;
}

void take_over_failures(std::vector<ScanFailure>& all, std::vector<ScanFailure> more) {
  all.insert(all.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

}  // namespace

void scan_layers(const Root& root, unsigned jobs, const Cancel& cancel, Model& model) {
  LayerStore& store = model.layers;
  StateReader lists(root);
  const RelPath base = model.image_path / "layerdb";
  const StateReader::Listing entries = lists.list(base / "sha256");
  const StateReader::Listing mounts = lists.list(base / "mounts");
  const StateReader::Listing write_sets = lists.list(base / "tmp");
  store.exists = entries.state == FileState::Kind::Present;
  // An area that is not there at all is complete, with nothing in it: a fresh root has none.
  store.layers_complete = entries.state != FileState::Kind::Unreadable && entries.state != FileState::Kind::WrongType;
  store.mounts_complete = mounts.state != FileState::Kind::Unreadable && mounts.state != FileState::Kind::WrongType;
  for (const DirEntry& entry : write_sets.entries) {
    store.write_sets.push_back(base / "tmp" / entry.name);
  }
  take_over_failures(model.failures, lists.take_failures());

  std::vector<EntryScan> scanned(entries.entries.size());
  for_each_index(scanned.size(), jobs, cancel,
                 [&](size_t i) { scanned[i] = scan_entry(root, base / "sha256", entries.entries[i]); });
  // Put together in the order of the listing by one thread, so that the model is the same at any number of jobs.
  for (EntryScan& scan : scanned) {
    store.layers_complete = store.layers_complete && scan.failures.empty();
    take_over_failures(model.failures, std::move(scan.failures));
    if (scan.layer) {
      store.layers.push_back(std::move(*scan.layer));
    } else if (scan.removing) {
      store.removing.push_back(std::move(*scan.removing));
    } else if (scan.foreign) {
      store.foreign_layers.push_back(std::move(*scan.foreign));
    }
  }

  std::vector<MountScan> mounted(mounts.entries.size());
  for_each_index(mounted.size(), jobs, cancel,
                 [&](size_t i) { mounted[i] = scan_mount(root, base / "mounts", mounts.entries[i]); });
  for (MountScan& scan : mounted) {
    store.mounts_complete = store.mounts_complete && scan.failures.empty();
    take_over_failures(model.failures, std::move(scan.failures));
    if (scan.mount) {
      store.mounts.push_back(std::move(*scan.mount));
    } else if (scan.foreign) {
      store.foreign_mounts.push_back(std::move(*scan.foreign));
    }
  }
}

}  // namespace dfsck

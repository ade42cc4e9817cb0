// The order of scanning, and lookup in what was scanned.
#include "core/model/model.h"

#include <algorithm>
#include <cerrno>
#include <set>
#include <utility>

#include "core/base/escape.h"
#include "core/base/shortage.h"
#include "core/base/unread.h"
#include "core/fs/lock.h"
#include "core/fs/root_unread.h"
#include "core/model/out_of_sight.h"

namespace dfsck {
namespace {

// All lists of the model are sorted by what they are looked up by, in the order in which directories are listed;
// nothing is indexed besides.
template <typename T, typename Key, typename Of>
const T* find_sorted(const std::vector<T>& items, const Key& key, const Of& of) {
  const auto found = std::lower_bound(items.begin(), items.end(), key,
                                      [&](const T& item, const Key& wanted) { return of(item) < wanted; });
  return found != items.end() && of(*found) == key ? &*found : nullptr;
}

bool exists(const Root& root, const RelPath& path) { return static_cast<bool>(root.stat(path)); }

// Docker 29 makes roots without a storage driver by default. Those have containers/ and what a daemon writes at its
// first start; so has a root that lost its layers.
bool is_docker_root(const Root& root, const Model& model) {
  const RootEntries& entries = model.entries;
  const bool has_store = !model.driver.empty() || !entries.driver_dirs.empty() || !entries.newer_files.empty();
  const bool was_started = exists(root, "engine-id") || exists(root, "volumes/metadata.db") ||
                           exists(root, "network/files/local-kv.db") || exists(root, "containerd/daemon");
  return has_store || !entries.remapped_roots.empty() || (root.stat_dir("containers") && was_started);
}

// What the scanners did without, because it was not to be had: every look at it failed, whatever they made of that.
// Mounts of containers are not ours to read, runs of others tell nothing of the root, and what is out of sight in a
// layer is judged with the layer. After all scanners, since who owns what and what is out of sight is only known then.
void note_unread(const Root& root, size_t from, Model& model) {
  std::set<RelPath> known;
  for (const ScanFailure& failure : model.failures) {
    known.insert(failure.path);
  }
  for (RootUnread& unread : unread_in(root, from)) {
    const auto& mounts = model.host.container_mounts;
    const auto is_in = [&](const RelPath& place) { return unread.path.is_at_or_below(place); };
    const bool foreign =
        std::any_of(mounts.begin(), mounts.end(), is_in) || (model.entries.hides_own_runs && is_in(kOwnDirectory)) ||
        (unread.code == EACCES && is_out_of_sight(root, model.owners, model.overlay.path, unread.path));
    if (!foreign && known.insert(unread.path).second) {
      model.failures.push_back({std::move(unread.path), std::move(unread.op), unread.code});
      // It may be what owns something: nothing is an orphan then.
      model.layers.layers_complete = model.layers.mounts_complete = model.overlay.complete = false;
    }
  }
}

}  // namespace

const Layer* LayerStore::find(const ChainId& id) const {
  return find_sorted(layers, id, [](const Layer& layer) -> const ChainId& { return layer.id; });
}
const Mount* LayerStore::find_mount(std::string_view name) const {
  return find_sorted(mounts, name, [](const Mount& mount) -> std::string_view { return mount.name; });
}
const OverlayDir* OverlayStore::find(const CacheId& id) const {
  return find_sorted(dirs, id, [](const OverlayDir& dir) -> const CacheId& { return dir.id; });
}
const OverlayDir* OverlayStore::find(std::string_view id) const {
  return find_sorted(dirs, id, [](const OverlayDir& dir) -> std::string_view { return dir.id.text(); });
}
const ShortLink* OverlayStore::find_link(std::string_view name) const {
  return find_sorted(links, name, [](const ShortLink& link) -> std::string_view { return link.name; });
}
const Image* ImageStore::find(const ImageId& id) const {
  return find_sorted(images, id, [](const Image& image) -> const ImageId& { return image.id; });
}

std::set<ImageId> ImageStore::missing() const {
  std::set<ImageId> missing;
  const auto note = [&](const std::optional<ImageId>& id) {
    if (id && find(*id) == nullptr) {
      missing.insert(*id);
    }
  };
  for (const Reference& reference : references.references) {
    note(reference.image);
  }
  for (const ImageMetadata& each : metadata) {
    note(each.id);
  }
  return missing;
}

// Keeps the order, by which images are looked up.
void ImageStore::add_lost(const ImageId& id, RelPath path, ConfigCopy copy) {
  Image image(id);
  image.path = std::move(path);
  image.problem = "missing";
  image.copy = std::move(copy);
  const auto place =
      std::lower_bound(images.begin(), images.end(), id, [](const Image& a, const ImageId& b) { return a.id < b; });
  images.insert(place, std::move(image));
}
const Container* ContainerStore::find(std::string_view id) const {
  return find_sorted(containers, id,
                     [](const Container& container) -> std::string_view { return container.name_on_disk; });
}
const BuildSnapshot* BuildCache::find(std::string_view key) const {
  return find_sorted(snapshots, key, [](const BuildSnapshot& snapshot) -> std::string_view { return snapshot.key; });
}
const Volume* VolumeStore::find(std::string_view name) const {
  return find_sorted(volumes, name, [](const Volume& volume) -> std::string_view { return volume.name; });
}
const VolumeRecord* VolumeStore::find_record(std::string_view name) const {
  return find_sorted(records, name, [](const VolumeRecord& record) -> std::string_view { return record.name; });
}
const NetworkRecord* NetworkStore::find(std::string_view key) const {
  return find_sorted(records, key, [](const NetworkRecord& record) -> std::string_view { return record.key; });
}
bool NetworkStore::has_network(std::string_view id) const { return find("network/" + std::string(id)) != nullptr; }
bool NetworkStore::has_sandbox(std::string_view id) const { return find("sandbox/" + std::string(id)) != nullptr; }

std::vector<const Database*> Model::databases() const {
  return {&volumes.database,       &networks.database,    &build_cache.snapshots_db, &build_cache.metadata_db,
          &build_cache.content_db, &build_cache.cache_db, &build_cache.history_db};
}

Result<Model> scan(const Root& root, unsigned jobs, const Cancel& cancel, Progress& progress, const OwnRepair& own) {
  progress.phase = Progress::Phase::Scanning;
  const size_t unread = unread_so_far();
  Model model;
  model.entries.own_repair = own.run;
  // First and alone: it chooses the driver, and with it the paths that all others read.
  scan_root_entries(root, model);
  // A process that has run out of memory or descriptors has not seen what is there. That is an error of the run, and
  // never a root with things missing.
  if (const std::optional<Error> shortage = noted_shortage(); shortage) {
    return *shortage;
  }
  if (!is_docker_root(root, model)) {
    if (!model.failures.empty()) {
      const ScanFailure& failure = model.failures.front();
      return Error{Error::Kind::Io, failure.code, failure.op, failure.path.text(), "looking for a Docker root"};
    }
    return format_error("check", escaped(root.path()),
                        "this is no Docker root: it has neither image/<driver> nor a storage driver's directory "
                        "(overlay2, ...) nor containers with a daemon's databases");
  }
  // Before the layers, which need to know what is mounted in them.
  scan_host(root, model);
  scan_layers(root, jobs, cancel, model);
  scan_overlay(root, jobs, cancel, progress, model);
  scan_images(root, jobs, cancel, model);
  scan_containers(root, jobs, cancel, model);
  scan_volumes(root, model);
  scan_networks(root, model);
  scan_build_cache(root, model);
  scan_swarm_and_plugins(root, model);
  scan_leftovers(root, model);
  scan_other_stores(root, model);
  // Last, since it samples the layers that were found.
  scan_owners(root, model);
  if (const std::optional<Error> shortage = noted_shortage(); shortage) {
    return *shortage;
  }
  note_unread(root, unread, model);
  std::sort(model.failures.begin(), model.failures.end());
  return model;
}

}  // namespace dfsck

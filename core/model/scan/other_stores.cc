// Recognises stores that are not covered, says where they are and how large, and looks at no more of them than that:
// of another storage driver besides whether the directories are there that layerdb names.
#include "core/model/scan/other_stores.h"

#include <algorithm>
#include <array>
#include <span>

#include "core/model/records/database_file.h"
#include "core/model/records/host_containerd.h"

namespace dfsck {
namespace {

constexpr size_t kMostEntries = 100'000;  // that are looked at for a size
constexpr std::string_view kSnapshotter = "io.containerd.snapshotter.v1.";
constexpr const char* kContainerdDatabase = "io.containerd.metadata.v1.bolt/meta.db";
constexpr const char* kContainerdContent = "io.containerd.content.v1.content";

// Adds up trees until it has seen enough.
// For one line of a report: a store of millions of files must not make a check of other things slow.
class Measure {
 public:
  explicit Measure(const Root& root) : root_(root) {}

  void add(const RelPath& top) {
    std::vector<RelPath> stack{top};
    while (!stack.empty() && sum_.is_all) {
      const RelPath path = std::move(stack.back());
      stack.pop_back();
      const Result<Dir> dir = root_.open_dir(path);
      const auto entries = dir ? dir->list() : Result<std::vector<DirEntry>>(dir.error());
      for (const DirEntry& entry : entries ? *entries : std::vector<DirEntry>{}) {
        look_at(*dir, entry, path, stack);
      }
    }
  }

  SizeSoFar sum() const { return sum_; }

 private:
  void look_at(const Dir& dir, const DirEntry& entry, const RelPath& path, std::vector<RelPath>& stack) {
    if (seen_++ >= kMostEntries) {
      sum_.is_all = false;
    } else if (entry.type == S_IFDIR) {
      stack.push_back(path / entry.name);
    } else if (const Result<FileStat> stat = dir.stat(entry.name); stat) {
      sum_.bytes += stat->size;
    }
  }

  const Root& root_;
  SizeSoFar sum_;
  size_t seen_ = 0;
};

// Where a driver keeps a directory (devicemapper: a file) of each layer, under its cache-id.
RelPath layers_path(const std::string& driver) {
  constexpr std::array<std::pair<std::string_view, const char*>, 5> kPlaces{
      {{"btrfs", "btrfs/subvolumes"},
       {"vfs", "vfs/dir"},
       {"aufs", "aufs/diff"},
       {"overlay", "overlay"},
       {"devicemapper", "devicemapper/metadata"}}};
  const auto* found =
      std::find_if(kPlaces.begin(), kPlaces.end(), [&](const auto& place) { return place.first == driver; });
  return found != kPlaces.end() ? RelPath(found->second) : RelPath();
}

// Whether a layer's directory is there at all is the most that can be said without knowing a driver's format, and it
// is what people lose: directories deleted by hand.
class DriverScan {
 public:
  DriverScan(StateReader& reader, Model& model) : reader_(reader), model_(model) {}

  void run() {
    UncoveredDriver& driver = model_.uncovered_driver;
    driver.layers_path = layers_path(model_.driver);
    Measure measure(reader_.root());
    measure.add(*RelPath::parse(model_.driver));
    driver.size = measure.sum();
    if (driver.layers_path.is_root() || !can_be_listed(driver.layers_path)) {
      return;
    }
    for (const Layer& layer : model_.layers.layers) {
      if (layer.cache && !is_there(*layer.cache)) {
        driver.missing.push_back(layer.id);
      }
    }
    for (const Mount& mount : model_.layers.mounts) {
      if (mount.dir && !mount.of_build && !is_there(*mount.dir)) {
        driver.missing_containers.push_back(mount.name);
      }
    }
  }

 private:
  // What is not there at all was lost as a whole; what cannot be read is not known.
  bool can_be_listed(const RelPath& path) {
    const FileState::Kind state = reader_.list(path).state;
    return state == FileState::Kind::Present || state == FileState::Kind::Absent;
  }

  // Only "no such file" says that it is gone; whatever else keeps it from being looked at is no loss.
  bool is_there(const CacheId& id) const {
    const Result<FileStat> stat = reader_.root().stat(model_.uncovered_driver.layers_path / id.text());
    return stat || !stat.error().is_io(ENOENT);
  }

  StateReader& reader_;
  Model& model_;
};

// The directories in a containerd's root that hold snapshots.
// containerd makes a directory for each snapshotter it has, used or not: one without snapshots is nothing.
std::vector<RelPath> snapshotters(StateReader& reader, const RelPath& base) {
  std::vector<RelPath> found;
  for (const DirEntry& entry : reader.list(base).entries) {
    const RelPath path = base / entry.name;
    if (entry.type == S_IFDIR && entry.name.starts_with(kSnapshotter) &&
        !reader.list(path / "snapshots").entries.empty()) {
      found.push_back(path);
    }
  }
  return found;
}

// What the database of a containerd knows of the namespaces of daemons.
struct Namespaces {
  uint64_t images = 0;
  bool has_one_of_ours = false;  // a snapshot of one of the containers
};

std::span<const BoltEntry> entries_of(const BoltBucket* bucket) {
  return bucket != nullptr ? std::span<const BoltEntry>(bucket->entries) : std::span<const BoltEntry>();
}

// A shared containerd serves others too (k8s.io); the daemons' namespaces begin with "moby", and carry the ids where
// root is remapped.
Namespaces read_namespaces(StateReader& reader, const RelPath& path, const ContainerdStore& store) {
  Namespaces found;
  const DatabaseFile database = read_database(reader, path);
  for (const BoltEntry& space : entries_of(database.bucket("v1"))) {
    if (!space.bucket || !space.key.starts_with("moby")) {
      continue;
    }
    found.images += entries_of(space.bucket->bucket("images")).size();
    for (const BoltEntry& kind : entries_of(space.bucket->bucket("snapshots"))) {
      found.has_one_of_ours |= kind.bucket && std::any_of(store.containers.begin(), store.containers.end(),
                                                          [&](const std::string& id) { return kind.bucket->find(id); });
    }
  }
  return found;
}

SizeSoFar measure_store(StateReader& reader, const RelPath& base) {
  Measure measure(reader.root());
  measure.add(base / kContainerdContent);
  for (const RelPath& path : snapshotters(reader, base)) {
    measure.add(path / "snapshots");
  }
  return measure.sum();
}

void find_users(StateReader& reader, const Model& model, ContainerdStore& store) {
  for (const Container& container : model.containers.containers) {
    if (container.in_containerd) {
      store.containers.push_back(container.name_on_disk);
    }
  }
  for (const DirEntry& entry : reader.list("buildkit").entries) {
    if (entry.type == S_IFDIR && entry.name.starts_with("containerd-")) {
      store.traces.push_back(RelPath("buildkit") / entry.name);
    }
  }
  for (const DirEntry& entry : reader.list("rootfs").entries) {
    if (entry.type == S_IFDIR) {
      store.traces.push_back(RelPath("rootfs") / entry.name);
    }
  }
}

// A containerd that serves this root, outside of it: its database must know a container of the root. Where the root has
// none, it must know images, and nothing else can be told.
// Neither side names the other on disk, so only what both have proves that they belong together: ids of containers
// are keys of snapshots.
bool look_outside(const std::string& path, ContainerdStore& store) {
  const Result<Root> outside = Root::open(path);
  if (!outside) {
    return false;
  }
  StateReader reader(*outside);
  if (snapshotters(reader, RelPath()).empty()) {
    return false;
  }
  const Namespaces known = read_namespaces(reader, kContainerdDatabase, store);
  if (!known.has_one_of_ours && (!store.containers.empty() || known.images == 0)) {
    return false;
  }
  store.place = outside->path();
  store.images = known.images;
  store.size = measure_store(reader, RelPath());
  return true;
}

bool is_containerd(const std::string& path) {
  const Result<Root> outside = Root::open(path);
  return outside && outside->stat(kContainerdDatabase);
}

}  // namespace

// A directory that is missing here is half of a Docker: a daemon started without it shows no images and says nothing,
// so it matters to say where it was looked for.
void scan_containerd_store(const Root& root, const std::vector<std::string>& outside, bool is_configured,
                           Model& model) {
  ContainerdStore& store = model.containerd_store;
  StateReader reader(root);
  find_users(reader, model, store);
  const RelPath own = "containerd/daemon";
  // With a storage driver, containerd holds blobs too, but none of images.
  const bool has_content = model.driver.empty() && root.stat_dir(own / kContainerdContent);
  if (has_content || !snapshotters(reader, own).empty()) {
    store.place = own.bytes();
    store.images = read_namespaces(reader, own / kContainerdDatabase, store).images;
    store.size = measure_store(reader, own);
  } else if (store.is_used() || is_configured) {
    const bool found =
        std::any_of(outside.begin(), outside.end(), [&](const std::string& path) { return look_outside(path, store); });
    // A containerd that knows no image of daemons is a store that nothing was put into yet. Where there is none, the
    // images are not known to be nowhere: it is named by where it should be.
    if (is_configured && !found && store.containers.empty() &&
        std::none_of(outside.begin(), outside.end(), is_containerd)) {
      store.place = outside.front();
    }
  }
  const std::vector<ScanFailure> failures = reader.take_failures();
  model.failures.insert(model.failures.end(), failures.begin(), failures.end());
}

void scan_other_stores(const Root& root, Model& model) {
  StateReader reader(root);
  if (!model.driver.empty() && !model.driver_covered) {
    DriverScan(reader, model).run();
  }
  const std::vector<ScanFailure> failures = reader.take_failures();
  model.failures.insert(model.failures.end(), failures.begin(), failures.end());
  // A copy of the two that was made side by side is found so.
  const std::string beside = root.path().substr(0, root.path().rfind('/')) + "/containerd";
  const HostContainerd host = read_host_containerd(root);
  const std::string usual = "/var/lib/containerd";
  const std::vector<std::string> outside{host.root.empty() ? usual : host.root, beside, usual};
  scan_containerd_store(root, outside, host.serves_root, model);
}

}  // namespace dfsck

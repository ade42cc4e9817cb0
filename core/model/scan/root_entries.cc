// Lists what is directly in the root, chooses the storage driver that the rest of the scan is about, and notes the few
// states of the root itself that checks speak of. Looks at no more than names and types of what others scan.
#include <unistd.h>

#include <algorithm>
#include <array>

#include "core/base/errno_class.h"
#include "core/base/patient_calls.h"
#include "core/base/text.h"
#include "core/fs/area_links.h"
#include "core/fs/lock.h"
#include "core/model/model.h"
#include "core/model/owners/evidence.h"

namespace dfsck {
namespace {

constexpr size_t kEngineIdFile = 4096;

// Graph drivers that daemons 17.06 to 29 know, in the order in which one is taken as the root's
// (moby daemon/graphdriver/driver_linux.go:priority; the two that are covered come first).
constexpr std::array<std::string_view, 8> kDrivers{"overlay2", "fuse-overlayfs", "btrfs",   "zfs",
                                                   "aufs",     "devicemapper",   "overlay", "vfs"};

bool is_covered(std::string_view driver) { return driver == "overlay2" || driver == "fuse-overlayfs"; }

// Where the daemon keeps directories of its own.
constexpr std::array<const char*, 13> kDirectories{
    "buildkit", "buildkit/content", "containerd", "containers", "image", "network", "network/files",
    "plugins",  "runtimes",         "swarm",      "tmp",        "trust", "volumes"};
constexpr std::array<const char*, 15> kImageDirectories{"",
                                                        "distribution",
                                                        "distribution/diffid-by-digest",
                                                        "distribution/diffid-by-digest/sha256",
                                                        "distribution/v2metadata-by-diffid",
                                                        "distribution/v2metadata-by-diffid/sha256",
                                                        "imagedb",
                                                        "imagedb/content",
                                                        "imagedb/content/sha256",
                                                        "imagedb/metadata",
                                                        "imagedb/metadata/sha256",
                                                        "layerdb",
                                                        "layerdb/mounts",
                                                        "layerdb/sha256",
                                                        "layerdb/tmp"};

// Made only by daemons that use the containerd image store, or by Docker 29.
constexpr std::array<const char*, 4> kNewerFiles{"buildkit/containerd-overlayfs", "buildkit/history_c8d.db",
                                                 "image/identity-cache.db", "rootfs/overlayfs"};

// A directory, or an area's link to one.
bool is_directory(const Root& root, const RelPath& path) { return static_cast<bool>(root.stat_dir(path)); }

bool is_there(const Root& root, const RelPath& path) { return static_cast<bool>(root.stat(path)); }

// "Not empty" is the daemon's own measure (moby daemon/graphdriver/driver.go:scanPriorDrivers): one stray file in a
// driver's directory makes it a prior driver, and two of these keep the daemon from starting.
void find_drivers(StateReader& reader, Model& model) {
  for (const DirEntry& entry : reader.list("image").entries) {
    if (entry.type == S_IFDIR || entry.type == S_IFLNK) {
      model.entries.image_drivers.push_back(entry.name);
    }
  }
  for (const std::string_view driver : kDrivers) {
    const RelPath path = *RelPath::parse(driver);
    if (is_directory(reader.root(), path) && !reader.list(path).entries.empty()) {
      model.entries.driver_dirs.emplace_back(driver);
    }
  }
  std::sort(model.entries.driver_dirs.begin(), model.entries.driver_dirs.end());
}

// A driver with data goes before one of which only an empty directory is left; among equals the order of kDrivers
// holds.
std::string choose_driver(const RootEntries& entries) {
  const auto has = [](const std::vector<std::string>& names, std::string_view name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  for (const std::string_view driver : kDrivers) {
    if (has(entries.driver_dirs, driver) || has(entries.image_drivers, driver)) {
      return std::string(driver);
    }
  }
  for (const std::string_view driver : kDrivers) {
    if (std::any_of(entries.entries.begin(), entries.entries.end(),
                    [&](const DirEntry& entry) { return entry.name == driver; })) {
      return std::string(driver);
    }
  }
  return "";
}

// A daemon that finds a file or a link where it wants a directory fails at its start, or passes over the area;
// scanners only see that nothing can be listed there.
void find_wrong_types(const Root& root, Model& model) {
  const auto look = [&](const RelPath& path) {
    const Result<FileStat> stat = root.stat(path);
    if (stat && !stat->is_dir() && root.area_links().at(path) == nullptr) {  // links of areas are boundaries
      model.entries.wrong_types.push_back({path, stat->mode});
    }
  };
  for (const char* path : kDirectories) {
    look(path);
  }
  if (!model.driver.empty()) {
    look(*RelPath::parse(model.driver));
    if (is_covered(model.driver)) {
      look(*RelPath::parse(model.driver) / "l");  // no link either: what is in it leads elsewhere from elsewhere
    }
    for (const std::string_view path : kImageDirectories) {
      look(path.empty() ? model.image_path : model.image_path / path);
    }
  }
  std::sort(model.entries.wrong_types.begin(), model.entries.wrong_types.end(),
            [](const RootEntries::WrongType& a, const RootEntries::WrongType& b) { return a.path < b.path; });
}

// Of a driver's directory that is something else, a link that leads nowhere, or that may not be looked at, what should
// be in it is unknown, not missing.
bool tells_what_it_has(StateReader& reader, const RelPath& driver) {
  const Result<FileStat> directory = reader.root().stat_dir(driver);
  if (!directory && !says_absent(directory.error().code)) {
    reader.note(driver, directory.error());
    return false;
  }
  return directory || !is_there(reader.root(), driver);
}

// The journal's last whole record says that its repair, or the undo of it, ended (core/journal/run/log.h). A crash may
// have torn a line behind it. Only the end is read: of a journal that ends well, all else is the history's affair. Read
// as text and not replayed: this is asked of every run at every check, and a root may keep hundreds.
bool journal_has_end(const Root& root, const RelPath& journal) {
  const Result<Fd> fd = root.open_file(journal);
  const Result<FileStat> stat = root.stat(journal);
  if (!fd || !stat) {
    return !is_there(root, journal);  // without a journal nothing was begun
  }
  std::array<char, 64 * 1024> tail{};
  const uint64_t start = stat->size > tail.size() ? stat->size - tail.size() : 0;
  const ssize_t got = patient::pread(fd->get(), tail.data(), tail.size(), static_cast<off_t>(start));
  const std::string_view text(tail.data(), got > 0 ? static_cast<size_t>(got) : 0);
  const size_t end = text.rfind('\n');
  const std::string_view whole = end != std::string_view::npos ? text.substr(0, end) : std::string_view();
  const std::string_view last = whole.substr(whole.rfind('\n') + 1);
  return last.starts_with("{\"record\":\"end\"") || last.starts_with("{\"record\":\"acknowledged\"") ||
         last.starts_with("{\"record\":\"purge\"");
}

// Someone else's run that may not be looked at is no unfinished one: a check by an ordinary user goes on without it.
void find_unfinished_work(StateReader& reader, Model& model) {
  const RelPath base = kOwnDirectory;
  if (const Result<Dir> own = reader.root().open_dir(base); !own && is_refusal(own.error().code)) {
    model.entries.hides_own_runs = true;  // what was done by others before; the root itself can be read all the same
    return;
  }
  model.entries.is_unfinished_migration = is_there(reader.root(), base / kMigrationDirectory / "journal");
  for (const DirEntry& entry : reader.list(base).entries) {
    const bool is_run = entry.type == S_IFDIR && entry.name != kMigrationDirectory &&
                        entry.name != kFinishedMigrationDirectory && entry.name != model.entries.own_repair;
    if (is_run && !journal_has_end(reader.root(), base / entry.name / "journal")) {
      model.entries.unfinished_repairs.push_back(entry.name);
    }
  }
}

}  // namespace

void scan_root_entries(const Root& root, Model& model) {
  StateReader reader(root);
  model.entries.entries = reader.list(RelPath()).entries;
  find_drivers(reader, model);
  model.driver = choose_driver(model.entries);
  // A root without any driver is scanned as if it were overlay2's: then everything is absent, and nothing is misread.
  model.image_path = RelPath("image") / (model.driver.empty() ? "overlay2" : model.driver);
  find_wrong_types(root, model);
  model.driver_covered = is_covered(model.driver) && tells_what_it_has(reader, *RelPath::parse(model.driver));
  for (const char* path : kNewerFiles) {
    if (is_there(root, path)) {
      model.entries.newer_files.emplace_back(path);
    }
  }
  // With userns-remap the daemon works in <uid>.<gid> below the root that it was given; that is a root of its own,
  // with its own locks, and its owners say nothing of this one's.
  for (const DirEntry& entry : model.entries.entries) {
    const RelPath path = RelPath() / entry.name;
    if (remap_ids(entry.name) && (is_directory(root, path / "image") || is_directory(root, path / "overlay2"))) {
      model.entries.remapped_roots.push_back(entry.name);
    }
  }
  model.entries.engine_id = reader.read("engine-id", kEngineIdFile);
  find_unfinished_work(reader, model);
  const std::vector<ScanFailure> failures = reader.take_failures();
  model.failures.insert(model.failures.end(), failures.begin(), failures.end());
}

}  // namespace dfsck

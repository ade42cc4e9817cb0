// Scans overlay2/: layer directories, short links in l/, and whatever else lies there. Looks at the layer trees' top
// directories only; their content is core/content's.
#include <linux/fs.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <array>

#include "core/base/text.h"
#include "core/model/model.h"
#include "core/run/parallel.h"

namespace dfsck {
namespace {

// 128 lowers of 29 bytes are the most that the daemon writes; a longer file is wrong, and is still read to say so.
constexpr size_t kLowerFile = 64 * 1024;
constexpr size_t kLinkFile = 4096;

// Directories that the daemon makes at start to probe the kernel (overlayutils.go, overlay2/check.go).
constexpr std::array<std::string_view, 4> kProbePrefixes{"check-overlayfs-support", "opaque-bug-check",
                                                         "metacopy-check", "userxattr-check"};

bool is_probe(std::string_view name) {
  return std::any_of(kProbePrefixes.begin(), kProbePrefixes.end(),
                     [&](std::string_view prefix) { return name.starts_with(prefix); });
}

MemberState member(const Dir& dir, const std::string& name) {
  const Result<FileStat> stat = dir.stat(name);
  return stat ? MemberState{true, *stat} : MemberState{};
}

bool has_entries(const Dir& dir, const std::string& name) {
  const Result<Dir> inner = dir.open_dir(name);
  if (!inner) {
    return false;
  }
  const Result<std::vector<DirEntry>> entries = inner->list();
  return entries && !entries->empty();
}

// FS_IOC_FSGETXATTR, where docker's size limits are kept (moby quota/projectquota.go).
// The id is stored in the inode alone; nothing else in the root has it.
uint32_t project_of(const Dir& dir) {
  struct fsxattr attributes {};
  return ::ioctl(dir.fd(), FS_IOC_FSGETXATTR, &attributes) == 0 ? attributes.fsx_projid : 0;
}

struct DirScan {
  std::optional<OverlayDir> dir;
  std::vector<ScanFailure> failures;
};

// One thread for one directory, with a reader of its own; nothing is shared but the root, which many may read at
// once.
DirScan scan_dir(const Root& root, const RelPath& base, const std::string& name, uint64_t device,
                 const std::vector<RelPath>& mounts) {
  DirScan scan;
  StateReader reader(root);
  OverlayDir& found = scan.dir.emplace(*CacheId::parse(name));
  found.path = base / name;
  const Result<Dir> dir = root.open_dir(found.path);
  const Result<std::vector<DirEntry>> entries = dir ? dir->list() : dir.error();
  if (!entries) {
    reader.note(found.path, entries.error());
    scan.failures = reader.take_failures();
    return scan;
  }
  if (const Result<FileStat> self = dir->stat_self(); self) {
    found.stat = *self;
  }
  found.project_id = project_of(*dir);
  for (const DirEntry& entry : *entries) {
    if (entry.name.starts_with(".tmp-")) {
      found.temporaries.push_back(found.path / entry.name);
    }
  }
  // Members are looked at and not entered: a missing work/ keeps a container from being mounted, a merged/ that has
  // files is written to behind the mount's back, and an index in work/ ties the layer to inodes of another
  // filesystem.
  found.diff = member(*dir, "diff");
  if (const Result<FileStat> behind = root.stat_dir(found.path / "diff"); found.diff.exists && behind) {
    found.diff.stat = *behind;  // it may be a link that stands for the directory
  }
  found.work = member(*dir, "work");
  found.merged = member(*dir, "merged");
  found.committed = member(*dir, "committed");
  // By another device, or by the mount tables of other namespaces: a container may run where this process cannot see
  // its mount.
  found.merged_is_mount = (found.merged.exists && found.merged.stat.device != device) ||
                          std::binary_search(mounts.begin(), mounts.end(), found.path / "merged");
  found.merged_has_files = found.merged.exists && !found.merged_is_mount && has_entries(*dir, "merged");
  if (const Result<Dir> work = dir->open_dir("work"); work) {
    found.work_has_index = has_entries(*work, "index");
  }
  found.link = reader.read(*dir, found.path, "link", kLinkFile);
  found.lower = reader.read(*dir, found.path, "lower", kLowerFile);
  // No reader of the daemon trims these: one newline breaks the next mount.
  found.link_id = LinkId::parse(found.link.bytes);
  scan.failures = reader.take_failures();
  return scan;
}

// The id in "../<id>/diff"; nothing for any other text.
// Exactly the text that the driver writes: a link of any other spelling is not its own, wherever it leads.
std::optional<CacheId> pointed_to(std::string_view target) {
  constexpr std::string_view kPrefix = "../";
  constexpr std::string_view kSuffix = "/diff";
  if (!target.starts_with(kPrefix) || !target.ends_with(kSuffix) || target.size() <= kPrefix.size() + kSuffix.size()) {
    return std::nullopt;
  }
  return CacheId::parse(target.substr(kPrefix.size(), target.size() - kPrefix.size() - kSuffix.size()));
}

// Nobody makes these links anew: if l/ is lost, no container starts until something puts them back.
void scan_links(StateReader& reader, OverlayStore& store) {
  const RelPath base = store.path / "l";
  const StateReader::Listing listing = reader.list(base);
  store.links_dir = listing.state;
  const Result<Dir> dir = reader.root().open_dir(base);
  if (!dir) {
    return;
  }
  for (const DirEntry& entry : listing.entries) {
    ShortLink& link = store.links.emplace_back();
    link.name = entry.name;
    link.path = base / entry.name;
    link.id = LinkId::parse(entry.name);
    link.mode = entry.type;
    if (entry.type != S_IFLNK) {
      continue;
    }
    Result<std::string> target = dir->read_link(entry.name);
    if (!target) {
      reader.note(link.path, target.error());
      continue;
    }
    link.target = std::move(*target);
    link.points_to = pointed_to(link.target);
  }
}

}  // namespace

void scan_overlay(const Root& root, unsigned jobs, const Cancel& cancel, Progress& progress, Model& model) {
  if (!model.driver_covered) {
    return;
  }
  OverlayStore& store = model.overlay;
  store.path = *RelPath::parse(model.driver);
  StateReader reader(root);
  const StateReader::Listing listing = reader.list(store.path);
  store.exists = listing.state == FileState::Kind::Present;
  store.complete = store.exists || listing.state == FileState::Kind::Absent;
  const Result<FileStat> self = root.stat_dir(store.path);

  std::vector<std::string> names;
  for (const DirEntry& entry : listing.entries) {
    // Ids become parts of paths only after they have been parsed: a name of any other form is never opened.
    if (entry.type == S_IFDIR && CacheId::parse(entry.name)) {
      names.push_back(entry.name);
    } else if (entry.type == S_IFDIR && is_probe(entry.name)) {
      store.probe_dirs.push_back(entry.name);
    } else if (entry.name != "l" && entry.name != "backingFsBlockDev") {
      store.foreign.push_back(entry);
    }
  }
  scan_links(reader, store);
  std::vector<ScanFailure> failures = reader.take_failures();

  progress.items_done = 0;
  progress.items_total = names.size();
  std::vector<DirScan> scanned(names.size());
  for_each_index(names.size(), jobs, cancel, [&](size_t i) {
    scanned[i] = scan_dir(root, store.path, names[i], self ? self->device : 0, model.host.mount_paths);
    progress.add_items(1);
  });
  store.dirs.reserve(scanned.size());
  for (DirScan& scan : scanned) {
    failures.insert(failures.end(), scan.failures.begin(), scan.failures.end());
    if (scan.dir) {
      store.dirs.push_back(std::move(*scan.dir));
    }
  }
  // Names are listed in byte order, which is also the order of ids.
  store.complete = store.complete && failures.empty();
  model.failures.insert(model.failures.end(), failures.begin(), failures.end());
}

}  // namespace dfsck

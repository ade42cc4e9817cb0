// Boundaries come from three sources: the links that the root found when it was opened, the mounts that this process
// sees, and the inode numbers by which btrfs marks its subvolumes.
#include "core/model/scan/boundaries.h"

#include <map>

#include "core/codec/json/json.h"
#include "core/fs/area_links.h"
#include "core/model/records/mount_table.h"
#include "core/model/scan/host_facts.h"

namespace dfsck {
namespace {

constexpr size_t kOptionsFileLimit = 1024 * 1024;
constexpr uint64_t kSubvolumeInode = 256;  // BTRFS_FIRST_FREE_OBJECTID: the top directory of every subvolume

using Found = std::map<RelPath, Boundary>;

void add_links(const Root& root, const std::vector<MountEntry>& mounts, Found& found) {
  for (const AreaLink& link : root.area_links().all()) {
    const MountEntry* mount = link.is_followed() ? mount_holding(mounts, link.resolved) : nullptr;
    found[link.path] = {
        link.path, Boundary::Kind::Link, link.target, link.resolved, mount != nullptr ? mount->type : "",
        "",        link.problem};
  }
}

// Where a mount is seen in a root: in its own directory, and behind each link that leads above it.
// One mount can be seen at several places of a root, and a check has to know each.
std::vector<RelPath> points_in_root(const Root& root, const std::string& point) {
  std::vector<RelPath> points;
  const auto add = [&](const std::string& base, const RelPath& path) {
    const std::string prefix = base == "/" ? "/" : base + "/";
    const auto rest =
        point.starts_with(prefix) ? RelPath::parse(std::string_view(point).substr(prefix.size())) : std::nullopt;
    if (rest) {
      points.push_back(path.joined(*rest));
    }
  };
  add(root.path(), RelPath());
  for (const AreaLink& link : root.area_links().all()) {
    if (link.is_followed()) {
      add(link.resolved, link.path);
    }
  }
  return points;
}

void add_mounts(const Root& root, const std::vector<MountEntry>& mounts, Found& found) {
  const MountEntry* own = mount_holding(mounts, root.path());
  for (const MountEntry& mount : mounts) {
    // A subvolume that is mounted by its name is a filesystem of its own to all but its device.
    const bool again = own != nullptr && mount.device == own->device && mount.type != "btrfs";
    const bool is_bind = again || (mount.root != "/" && mount.type != "btrfs" && mount.type != "nsfs");
    for (const RelPath& path : points_in_root(root, mount.point)) {
      if (root.area_links().at(path) != nullptr || !root.stat(path)) {
        continue;
      }
      found[path] = {path,
                     is_bind ? Boundary::Kind::Bind : Boundary::Kind::Mount,
                     mount.source,
                     is_bind ? mount.root : "",
                     mount.type,
                     maker_of_mount(path, mount.type, is_mounted_by_options(root, path)),
                     ""};
    }
  }
}

// A subvolume that is not mounted by itself is in no table; rename(2) and snapshots stop at it all the same. Looked
// for only where people make them: areas, drivers, volumes.
class Subvolumes {
 public:
  Subvolumes(const Root& root, Found& found) : root_(root), found_(found) {}

  void run() {
    look_below(RelPath());
    look_below("image");
    look_below("volumes");
    for (const DirEntry& volume : members("volumes")) {
      if (volume.type == S_IFDIR) {
        look(RelPath("volumes") / volume.name / "_data");
      }
    }
  }

 private:
  // Nothing where the directory is not on btrfs: then none below it is a subvolume of its filesystem.
  std::vector<DirEntry> members(const RelPath& path) const {
    const Result<Dir> dir = root_.open_dir(path);
    const Result<FilesystemFacts> facts = dir ? filesystem_facts(*dir) : dir.error();
    auto listed = facts && filesystem_name(facts->magic) == "btrfs" ? dir->list() : format_error("list", "", "");
    return listed ? std::move(*listed) : std::vector<DirEntry>{};
  }

  void look_below(const RelPath& path) {
    for (const DirEntry& entry : members(path)) {
      if (entry.type == S_IFDIR) {
        look(path / entry.name);
      }
    }
  }

  void look(const RelPath& path) {
    const Result<FileStat> stat = root_.stat(path);
    const Result<FileStat> above = root_.stat_dir(path.parent());
    if (stat && above && stat->is_dir() && stat->inode == kSubvolumeInode && stat->device != above->device &&
        !found_.contains(path)) {
      found_[path] = {path, Boundary::Kind::Subvolume, "", "", "btrfs", "", ""};
    }
  }

  const Root& root_;
  Found& found_;
};

}  // namespace

// Text first, as it costs nothing; then through the links that stand for areas.
std::optional<RelPath> point_in_root(const Root& root, const std::string& point) {
  const std::string prefix = root.path() == "/" ? "/" : root.path() + "/";
  return point.starts_with(prefix) ? RelPath::parse(std::string_view(point).substr(prefix.size()))
                                   : root.area_links().below(point);
}

// volume/local mounts if there are options of either kind; an opts.json with a quota alone mounts nothing.
bool is_mounted_by_options(const Root& root, const RelPath& data) {
  if (!data.is_below("volumes") || data.name() != "_data" || data.parent().parent() != RelPath("volumes")) {
    return false;
  }
  const Result<std::string> bytes = root.read_small(data.parent() / "opts.json", kOptionsFileLimit);
  const Result<JsonValue> options = bytes ? parse_json(*bytes) : bytes.error();
  if (!options) {
    return false;
  }
  const std::string* type = options->get("MountType").as_string();
  const std::string* device = options->get("MountDevice").as_string();
  return (type != nullptr && !type->empty()) || (device != nullptr && !device->empty());
}

std::vector<Boundary> find_boundaries(const Root& root, const std::string& mountinfo) {
  const std::vector<MountEntry> mounts = parse_mountinfo(mountinfo);
  Found found;
  add_links(root, mounts, found);
  add_mounts(root, mounts, found);
  Subvolumes(root, found).run();
  std::vector<Boundary> boundaries;
  for (auto& [path, boundary] : found) {
    boundaries.push_back(std::move(boundary));
  }
  return boundaries;
}

}  // namespace dfsck

// Which mounts, processes and fstab entries concern a root. All of it is text matched against the root's path, and
// then against the root itself: two namespaces may use one path for different directories.
#include "core/model/scan/host_facts.h"

#include <algorithm>
#include <array>
#include <cinttypes>
#include <cstdio>
#include <set>

#include "core/base/escape.h"
#include "core/base/text.h"
#include "core/fs/area_links.h"
#include "core/fs/lock.h"
#include "core/model/records/mount_table.h"
#include "core/model/scan/boundaries.h"

namespace dfsck {
namespace {

struct NamedMagic {
  uint64_t magic;
  std::string_view name;
};

// linux/magic.h, and the magic numbers that some filesystems keep to themselves.
constexpr std::array kFilesystems{
    NamedMagic{0xef53, "ext4"},         NamedMagic{0x58465342, "xfs"},    NamedMagic{0x9123683e, "btrfs"},
    NamedMagic{0x01021994, "tmpfs"},    NamedMagic{0xf2f52010, "f2fs"},   NamedMagic{0x2fc12fc1, "zfs"},
    NamedMagic{0xca451a4e, "bcachefs"}, NamedMagic{0x3153464a, "jfs"},    NamedMagic{0x52654973, "reiserfs"},
    NamedMagic{0x794c7630, "overlay"},  NamedMagic{0x6969, "nfs"},        NamedMagic{0xff534d42, "cifs"},
    NamedMagic{0xfe534d42, "smb2"},     NamedMagic{0x517b, "smb"},        NamedMagic{0x5346544e, "ntfs"},
    NamedMagic{0x7366746e, "ntfs3"},    NamedMagic{0x4d44, "vfat"},       NamedMagic{0x2011bab0, "exfat"},
    NamedMagic{0x65735546, "fuse"},     NamedMagic{0xf15f, "ecryptfs"},   NamedMagic{0x00c36400, "ceph"},
    NamedMagic{0x01021997, "9p"},       NamedMagic{0x482b, "hfsplus"},    NamedMagic{0x61756673, "aufs"},
    NamedMagic{0x73717368, "squashfs"}, NamedMagic{0xe0f5e1e2, "erofs"},  NamedMagic{0x9660, "iso9660"},
    NamedMagic{0x858458f6, "ramfs"},    NamedMagic{0x786f4256, "vboxsf"}, NamedMagic{0x5346414f, "afs"},
};

// Filesystems that lack what overlay needs of its upper directory (trusted attributes, whiteout devices,
// RENAME_WHITEOUT, file types in directory entries), or that cannot be stacked on.
constexpr std::array<std::string_view, 17> kUnsuitable{"nfs",  "cifs",     "smb2", "smb", "ntfs",    "ntfs3",
                                                       "vfat", "exfat",    "fuse", "9p",  "hfsplus", "ecryptfs",
                                                       "ceph", "squashfs", "aufs", "afs", "vboxsf"};

// `path` as a path below `base`; nothing if it is not below it.
std::optional<RelPath> below(const std::string& path, const std::string& base) {
  const std::string prefix = base == "/" ? base : base + "/";
  return path.starts_with(prefix) ? RelPath::parse(std::string_view(path).substr(prefix.size())) : std::nullopt;
}

class Mounts {
 public:
  Mounts(const Root& root, Model& model) : root_(root), model_(model) {}

  // A mount of any namespace counts: containers and their shims run in their own, and a mount that this process does
  // not see can still hold a layer.
  void add(const std::string& mountinfo) {
    for (const MountEntry& entry : parse_mountinfo(mountinfo)) {
      const std::optional<RelPath> point = point_in_root(root_, entry.point);
      if (point && exists(*point)) {
        points_.insert(*point);
        if (maker_of_mount(*point, entry.type, false) == kContainer) {
          of_containers_.insert(*point);
        }
      } else if (entry.type == "overlay") {
        add_overlay(entry);
      }
    }
  }

  void finish() {
    for (const RelPath& point : points_) {
      model_.host.mount_paths.push_back(point);
      model_.host.mounts_below.push_back(point.text());
    }
    model_.host.container_mounts.assign(of_containers_.begin(), of_containers_.end());
  }

 private:
  // The paths were written down by whoever mounted it, maybe in another namespace; the random names of layers that do
  // exist here prove that this root is meant. A daemon mounts deep chains relative to the driver's directory.
  void add_overlay(const MountEntry& entry) {
    for (const std::string& directory : overlay_directories(entry.options)) {
      std::optional<RelPath> path = point_in_root(root_, directory);
      if (!path && !directory.starts_with('/') && model_.driver_covered) {
        const std::optional<RelPath> tail = RelPath::parse(directory);
        path = tail ? std::optional((RelPath() / model_.driver).joined(*tail)) : std::nullopt;
      }
      if (path && exists(*path)) {
        of_containers_.insert(*path);
        return;  // one is proof enough; a chain may have a hundred
      }
    }
  }

  // The paths of other namespaces may mean other directories there; that the name exists in this root is the least to
  // ask.
  bool exists(const RelPath& path) const { return static_cast<bool>(root_.stat(path)); }

  const Root& root_;
  Model& model_;
  std::set<RelPath> points_;
  std::set<RelPath> of_containers_;
};

// A daemon that starts before its disk is mounted makes a second root on the empty mount point, and the first seems
// lost. So what should be mounted at, above or below the root, and is not, is worth knowing before anything is called
// missing.
void find_missing_mounts(const Root& root, const HostSnapshot& host, HostFacts& facts) {
  std::set<std::string> mounted;
  for (const MountEntry& entry : parse_mountinfo(host.mountinfo)) {
    mounted.insert(entry.point);
  }
  std::map<std::string, std::string> missing;
  const auto consider = [&](const std::string& point, std::string_view source) {
    const std::vector<AreaLink>& links = root.area_links().all();
    const bool holds_area = std::any_of(links.begin(), links.end(), [&](const AreaLink& link) {
      return link.target == point || below(link.target, point);  // an area's link leads to what is not mounted
    });
    const bool concerns = holds_area || point == root.path() || below(root.path(), point) || below(point, root.path());
    if (!point.empty() && point != "/" && concerns && !mounted.contains(point)) {
      missing.try_emplace(point, source);
    }
  };
  for (const std::string& point : parse_fstab(host.fstab)) {
    consider(point, "/etc/fstab");
  }
  for (const MountUnit& unit : host.mount_units) {
    consider(unit_mount_point(unit.text), "the systemd unit " + unit.name);
  }
  for (const auto& [point, source] : missing) {
    facts.missing_mounts.push_back({escaped(point), escaped(source)});
  }
}

// By file identity: a process can have the root or a database open under any path, in any mount namespace.
void find_daemons(const Root& root, const HostSnapshot& host, HostFacts& facts) {
  std::set<FileIdentity> databases;
  for (const RelPath& path : daemon_databases()) {
    if (const Result<FileStat> stat = root.stat(path); stat && stat->is_file()) {
      databases.insert({stat->device, stat->inode});
    }
  }
  const Result<FileStat> self = root.stat(RelPath());
  for (const HostProcess& process : host.processes) {
    const bool by_argument = self && process.data_root && *process.data_root == FileIdentity{self->device, self->inode};
    const bool by_database = std::any_of(process.open_databases.begin(), process.open_databases.end(),
                                         [&](const FileIdentity& file) { return databases.contains(file); });
    if (by_argument || by_database) {
      facts.daemons.push_back({escaped(process.name), process.pid, by_argument});
    }
  }
}

}  // namespace

void read_host_facts(const Root& root, const HostSnapshot& host, Model& model) {
  Mounts mounts(root, model);
  mounts.add(host.mountinfo);
  for (const std::string& mountinfo : host.other_mountinfos) {
    mounts.add(mountinfo);
  }
  mounts.finish();
  model.host.boundaries = find_boundaries(root, host.mountinfo);
  find_missing_mounts(root, host, model.host);
  find_daemons(root, host, model.host);
  model.host.selinux_enabled = host.selinux_enabled;
  model.host.is_root = host.is_root;
  model.host.knows_all_ids = host.knows_all_ids;
}

std::string filesystem_name(uint64_t magic) {
  const auto* found = std::find_if(kFilesystems.begin(), kFilesystems.end(),
                                   [&](const NamedMagic& each) { return each.magic == magic; });
  if (found != kFilesystems.end()) {
    return std::string(found->name);
  }
  std::array<char, 24> buffer{};
  std::snprintf(buffer.data(), buffer.size(), "0x%" PRIx64, magic);
  return buffer.data();
}

bool lies_in_memory(const std::string& filesystem) { return filesystem == "tmpfs" || filesystem == "ramfs"; }

// virtiofs says "fuse" by its magic, but is a filesystem of the host that has what layers need.
bool holds_layers(const std::string& filesystem, const std::string& type, const std::string& driver) {
  if (filesystem == "fuse" && type == "virtiofs") {
    return true;
  }
  // The kernel stacks no overlay's upper directory on another overlay (daemon/graphdriver/overlay2/overlay.go:Init).
  if (filesystem == "overlay") {
    return driver != "overlay2";
  }
  const bool needs_layers = driver == "overlay2" || driver == "fuse-overlayfs";
  return !needs_layers || std::find(kUnsuitable.begin(), kUnsuitable.end(), filesystem) == kUnsuitable.end();
}

}  // namespace dfsck

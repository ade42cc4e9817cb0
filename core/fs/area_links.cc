// Finding the links that stand for areas, deciding which may be followed, and opening what is behind them.
#include "core/fs/area_links.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <set>

#include "core/base/escape.h"
#include "core/base/ids.h"
#include "core/base/path_text.h"
#include "core/base/patient_calls.h"
#include "core/fs/dir.h"
#include "core/fs/root.h"

namespace dfsck {
namespace {

constexpr int kPathOnly = O_PATH | O_DIRECTORY | O_CLOEXEC;
// Paths end at PATH_MAX, so a directory can hardly lie deeper; without a bound, ".." through a FUSE filesystem that
// answers wrongly need not ever come to "/".
constexpr size_t kDeepest = 4096;  // directories above a root

// Filesystems that the kernel makes up: they hold no data, some of their files never end, some block who reads them.
bool is_of_kernel(int fd) {
  constexpr std::array<uint64_t, 15> kMagics{
      PROC_SUPER_MAGIC, SYSFS_MAGIC,  CGROUP_SUPER_MAGIC, CGROUP2_SUPER_MAGIC, DEBUGFS_MAGIC,
      TRACEFS_MAGIC,    BPF_FS_MAGIC, SECURITYFS_MAGIC,   DEVPTS_SUPER_MAGIC,  PSTOREFS_MAGIC,
      EFIVARFS_MAGIC,   NSFS_MAGIC,   AUTOFS_SUPER_MAGIC, BINFMTFS_MAGIC,      SELINUX_MAGIC};
  // By magic number, not by path: /proc may be bind-mounted anywhere, and a link into it may be made to look like a
  // volume.
  struct ::statfs raw {};
  return ::fstatfs(fd, &raw) == 0 &&
         std::find(kMagics.begin(), kMagics.end(), static_cast<uint64_t>(raw.f_type) & 0xffffffff) != kMagics.end();
}

std::optional<FileIdentity> identity_of(int fd) {
  struct ::stat raw {};
  return patient::fstat(fd, &raw) == 0 ? std::optional(FileIdentity{raw.st_dev, raw.st_ino}) : std::nullopt;
}

// Follows links of all kinds but those of /proc, which lead to what is open, not to a place.
Fd open_followed(int at, const std::string& name) {
  Fd fd(patient::openat2(at, name.c_str(), kPathOnly, RESOLVE_NO_MAGICLINKS));
  // Without openat2 links of /proc are followed like others: on kernels before 5.6 that is better than to lose sight of
  // a volume.
  if (!fd && (errno == ENOSYS || errno == EPERM)) {
    fd = Fd(patient::openat(at, name.c_str(), kPathOnly));
  }
  return fd;
}

// Adds the directory that `fd` is open on and all above it.
void add_with_parents(int fd, std::set<FileIdentity>& directories) {
  Fd current(patient::openat(fd, ".", kPathOnly));
  for (size_t depth = 0; current && depth < kDeepest; ++depth) {
    const std::optional<FileIdentity> identity = identity_of(current.get());
    if (!identity || !directories.insert(*identity).second) {
      return;  // "/" is its own parent
    }
    current = Fd(patient::openat(current.get(), "..", kPathOnly));
  }
}

// Where a link leads that could not be opened as a directory.
std::string why_not_opened(int at, const std::string& name, int code) {
  struct ::stat raw {};
  if (code == ENOTDIR && patient::fstatat(at, name.c_str(), &raw, 0) == 0 && !S_ISDIR(raw.st_mode)) {
    return "to a " + std::string(type_name(raw.st_mode));
  }
  return code == ENOENT || code == ELOOP || code == ENOTDIR
             ? "nowhere"
             : "to a directory that cannot be opened (" + errno_text(code) + ")";
}

class Finder {
 public:
  Finder(int top, const std::string& root_path, std::vector<AreaLink>& links)
      : top_(top), root_path_(root_path), links_(links) {}

  // Top areas first, because the parts below are looked for through what was found above them: an image/ that is a link
  // has its parts behind that link.
  void run() {
    for (const std::string_view name : kAreaNames) {
      look(top_, std::string(name), RelPath() / name);
    }
    look_into_image();
    look_into_volumes();
    look_into_parts();
    std::sort(links_.begin(), links_.end(), [](const AreaLink& a, const AreaLink& b) { return a.path < b.path; });
  }

 private:
  // One link for each driver: administrators move image/overlay2 along with overlay2 itself.
  void look_into_image() {
    const std::optional<Dir> image = area("image");
    const auto drivers = image ? image->list() : Result<std::vector<DirEntry>>(std::vector<DirEntry>{});
    for (const DirEntry& driver : drivers ? *drivers : std::vector<DirEntry>{}) {
      if (driver.type == S_IFLNK) {
        look(image->fd(), driver.name, RelPath("image") / driver.name);
      }
    }
  }

  // Links to volumes elsewhere are common practice: the directory of one volume or its _data put on another disk.
  // Nothing but a link in one of these two places is looked at.
  void look_into_volumes() {
    const std::optional<Dir> volumes = area("volumes");
    const auto listed = volumes ? volumes->list() : Result<std::vector<DirEntry>>(std::vector<DirEntry>{});
    for (const DirEntry& volume : listed ? *listed : std::vector<DirEntry>{}) {
      if (volume.name == "metadata.db" || volume.name == "backingFsBlockDev") {
        continue;  // no volumes
      }
      const RelPath path = RelPath("volumes") / volume.name;
      const bool leads_on = volume.type == S_IFLNK && look(volumes->fd(), volume.name, path);
      if (volume.type == S_IFDIR || leads_on) {
        look(volumes->fd(), volume.name + "/_data", path / "_data");
      }
    }
  }

  // The daemon opens these by their path and so follows a link in any of them without noticing. Listed one by one,
  // because only what daemons open like this may be a link: anywhere else a link is what it seems to be.
  void look_into_parts() {
    for (const RelPath path :
         {"buildkit/cache.db", "buildkit/containerdmeta.db", "buildkit/content", "buildkit/history.db",
          "buildkit/metadata_v2.db", "buildkit/snapshots.db", "network/files", "network/files/local-kv.db",
          "plugins/storage", "volumes/metadata.db"}) {
      look_at(path);
    }
    for (const DirEntry& driver : members("image")) {
      look_into_image_store(RelPath("image") / driver.name);
    }
    // Ids are parsed before they become part of a path, here as everywhere: a link with another name is no container.
    look_at_each("containers", [](const std::string& name) { return ContainerId::parse(name).has_value(); });
    for (const char* driver : {"overlay2", "fuse-overlayfs"}) {
      look_into_layers(driver);
    }
  }

  void look_into_image_store(const RelPath& store) {
    for (const std::string_view part :
         {"repositories.json", "distribution", "imagedb", "imagedb/content", "imagedb/content/sha256",
          "imagedb/metadata", "imagedb/metadata/sha256", "layerdb", "layerdb/sha256", "layerdb/mounts"}) {
      look_at(store / part);
    }
    look_at_each(store / "layerdb/sha256", [](const std::string& name) { return is_hex64(name); });
    look_at_each(store / "layerdb/mounts",
                 [](const std::string& name) { return is_hex64(name) || is_buildkit_id(name); });
  }

  // l/ is none of them: what is in it leads out of it, and so elsewhere when it is elsewhere.
  void look_into_layers(const RelPath& driver) {
    const auto is_layer = [](const std::string& name) { return CacheId::parse(name).has_value(); };
    look_at_each(driver, is_layer);
    const Fd dir = open_place(driver);
    for (const DirEntry& layer : dir ? members(driver) : std::vector<DirEntry>{}) {
      if (is_layer(layer.name) && (layer.type == S_IFDIR || is_followed(driver / layer.name))) {
        look(dir.get(), layer.name + "/diff", driver / layer.name / "diff");
      }
    }
  }

  // Real directories need no look: a link has to be in the place of one to lead anywhere.
  template <typename Accept>
  void look_at_each(const RelPath& directory, const Accept& accept) {
    for (const DirEntry& entry : members(directory)) {
      if (entry.type == S_IFLNK && accept(entry.name)) {
        look_at(directory / entry.name);
      }
    }
  }

  void look_at(const RelPath& path) {
    if (const Fd above = open_place(path.parent()); above) {
      look(above.get(), std::string(path.name()), path);
    }
  }

  std::vector<DirEntry> members(const RelPath& path) const {
    Fd fd = open_place(path);
    auto listed = fd ? Dir(std::move(fd), "").list() : Result<std::vector<DirEntry>>(std::vector<DirEntry>{});
    return listed ? std::move(*listed) : std::vector<DirEntry>{};
  }

  bool is_followed(const RelPath& path) const { return found_at(path) != nullptr; }

  // By a search from the front, because links are sorted only when all are found. There are few.
  const AreaLink* found_at(const RelPath& path) const {
    const auto link = std::find_if(links_.begin(), links_.end(),
                                   [&](const AreaLink& each) { return each.path == path && each.is_followed(); });
    return link != links_.end() ? &*link : nullptr;
  }

  // A directory of the root, through the links that were found above it.
  Fd open_place(const RelPath& path) const {
    constexpr int kFlags = O_RDONLY | O_DIRECTORY;
    // The innermost link above decides: what it leads to is opened by its resolved path, and all below it without any
    // link.
    for (RelPath at = path; !at.is_root(); at = at.parent()) {
      if (const AreaLink* link = found_at(at); link != nullptr) {
        const std::optional<RelPath> rest =
            at == path ? RelPath() : RelPath::parse(path.bytes().substr(at.bytes().size() + 1));
        const Fd behind(patient::open(link->resolved.c_str(), kPathOnly));
        Result<Fd> fd = behind && rest ? open_beneath(behind.get(), *rest, kFlags, "") : sys_error("open", "");
        return fd ? std::move(*fd) : Fd();
      }
    }
    Result<Fd> fd = open_beneath(top_, path, kFlags, "");
    return fd ? std::move(*fd) : Fd();
  }

  // The area's directory, wherever it is. Of the links that were found, only its own can stand for it.
  std::optional<Dir> area(const std::string& name) const {
    const auto link = std::find_if(links_.begin(), links_.end(), [&](const AreaLink& each) {
      return each.path.bytes() == name && each.is_followed();
    });
    const int follow = link == links_.end() ? O_NOFOLLOW : 0;
    Fd fd(patient::openat(top_, name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | follow));
    return fd ? std::optional(Dir(std::move(fd), name)) : std::nullopt;
  }

  // True if there is a link that is followed.
  bool look(int at, const std::string& name, const RelPath& path) {
    // The kernel keeps no longer target (PATH_MAX).
    std::array<char, 4096> target{};
    const ssize_t length = patient::readlinkat(at, name.c_str(), target.data(), target.size());
    if (length < 0) {
      return false;  // no link, or nothing at all
    }
    AreaLink& link = links_.emplace_back();
    link.path = path;
    link.target.assign(target.data(), static_cast<size_t>(length));
    // Opened as a path only: nothing is read, no device is touched, and a directory that cannot be listed is still
    // known.
    const Fd behind = open_followed(at, name);
    link.problem = behind ? "" : why_not_opened(at, name, errno);
    if (behind) {
      resolve(at, name, behind.get(), link);
    }
    return link.is_followed();
  }

  // The identity is kept with the path. Every later use opens the path again and compares, so that a link which is
  // turned round while we run, by whoever owns what is behind it, leads to an error and not elsewhere (of_directory).
  void resolve(int at, const std::string& name, int behind, AreaLink& link) const {
    const std::optional<FileIdentity> identity = identity_of(behind);
    const Result<std::string> resolved = resolved_path(root_path_ + "/" + link.path.bytes());
    if (!identity || !resolved) {
      link.problem = "to a directory that cannot be opened (" + errno_text(errno) + ")";
      return;
    }
    link.identity = *identity;
    link.problem = why_not_followed(at, name, behind, *resolved, link);
    if (link.is_followed()) {
      link.resolved = *resolved;
    }
  }

  std::string why_not_followed(int at, const std::string& name, int behind, const std::string& resolved,
                               const AreaLink& link) const {
    // By device and inode, because a bind mount gives one directory many paths. The way up is taken from the root and
    // from the place of the link, which may lie behind another link.
    std::set<FileIdentity> holders;
    add_with_parents(top_, holders);
    const size_t slash = name.rfind('/');
    const Fd above(patient::openat(at, slash == std::string::npos ? "." : name.substr(0, slash).c_str(), kPathOnly));
    add_with_parents(above.get(), holders);
    if (holders.contains(link.identity)) {
      return "to a directory that holds the link itself";
    }
    if (is_of_kernel(behind)) {
      return "into a filesystem of the kernel's own";
    }
    // Volumes may share a directory, and one may lead into another: nothing in them is repaired. In every other area
    // two owners of one directory would be repaired against each other.
    const bool of_volume = link.path.is_below("volumes");
    for (const std::string_view area : kAreaNames) {
      const bool is_other = link.path.bytes() != area && !(of_volume && area == "volumes");
      if (is_other && is_at_or_below(resolved, root_path_ + "/" + std::string(area))) {
        return "into another area of the root";
      }
    }
    const bool shared = !of_volume && std::any_of(links_.begin(), links_.end(), [&](const AreaLink& other) {
      return other.path != link.path && other.identity == link.identity;
    });
    return shared ? "to a directory that another area has already" : "";
  }

  int top_;
  const std::string& root_path_;
  std::vector<AreaLink>& links_;
};

}  // namespace

// Once, when the root is opened: what is a link must not change its meaning between two checks of one run.
AreaLinks AreaLinks::find(int top, const std::string& root_path) {
  AreaLinks found;
  Finder(top, root_path, found.links_).run();
  return found;
}

const AreaLink* AreaLinks::at(const RelPath& path) const {
  const auto place = std::lower_bound(links_.begin(), links_.end(), path,
                                      [](const AreaLink& link, const RelPath& wanted) { return link.path < wanted; });
  return place != links_.end() && place->path == path ? &*place : nullptr;
}

// Up the path and not down: nearly every root has no links at all, and then nothing is looked at.
const AreaLink* AreaLinks::innermost(RelPath path) const {
  for (; !links_.empty() && !path.is_root(); path = path.parent()) {
    if (const AreaLink* link = at(path); link != nullptr && link->is_followed()) {
      return link;
    }
  }
  return nullptr;
}

Result<AreaLinks::Place> AreaLinks::of_directory(const RelPath& path) const {
  const AreaLink* link = innermost(path);
  if (link == nullptr) {
    return Place{Fd(), path};
  }
  Fd behind(::open(link->resolved.c_str(), kPathOnly));
  if (!behind) {
    return sys_error("open", escaped(link->resolved));
  }
  if (identity_of(behind.get()) != link->identity) {
    // ESTALE counts as an answer that was withheld, not as damage and not as absence (errno_class.cc).
    return Error{Error::Kind::Io, ESTALE, "open", escaped(link->resolved), "another directory than before is there"};
  }
  const size_t length = link->path.bytes().size();
  const bool is_link = path == link->path;
  return Place{std::move(behind), is_link ? RelPath() : *RelPath::parse(path.bytes().substr(length + 1))};
}

Result<AreaLinks::Place> AreaLinks::of_object(const RelPath& path) const {
  if (links_.empty() || path.is_root()) {
    return Place{Fd(), path};
  }
  Result<Place> place = of_directory(path.parent());
  if (place) {
    place->rest = place->rest / path.name();
  }
  return place;
}

// The longest resolved path wins: a volume's _data may lie below the directory that all volumes were moved to.
std::optional<RelPath> AreaLinks::below(const std::string& absolute) const {
  const AreaLink* nearest = nullptr;
  for (const AreaLink& link : links_) {
    const bool holds = link.is_followed() && is_at_or_below(absolute, link.resolved);
    if (holds && (nearest == nullptr || link.resolved.size() > nearest->resolved.size())) {
      nearest = &link;
    }
  }
  if (nearest == nullptr || absolute == nearest->resolved) {
    return nearest != nullptr ? std::optional(nearest->path) : std::nullopt;
  }
  const std::optional<RelPath> rest = RelPath::parse(absolute.substr(nearest->resolved.size() + 1));
  return rest ? std::optional(nearest->path.joined(*rest)) : std::nullopt;
}

}  // namespace dfsck

// What a mount inside a root is, by its place: daemons, plugins and builds mount in few places, and leave all others to
// the administrator.
#include "core/model/boundaries.h"

#include <algorithm>
#include <array>

#include "core/base/escape.h"
#include "core/base/text.h"
#include "core/fs/area_links.h"

namespace dfsck {
namespace {

// Filesystems without a place on a disk: nobody keeps data in them.
bool is_passing(std::string_view filesystem) {
  constexpr std::array<std::string_view, 15> kPassing{"overlay", "tmpfs",  "nsfs",    "mqueue", "proc",
                                                      "sysfs",   "devpts", "devtmpfs", "ramfs",  "cgroup",
                                                      "cgroup2", "bpf",    "shm",     "aufs",   "fuse.fuse-overlayfs"};
  return std::find(kPassing.begin(), kPassing.end(), filesystem) != kPassing.end();
}

bool is_of_network(std::string_view filesystem) {
  return filesystem.starts_with("nfs") || filesystem.starts_with("cifs") || filesystem.starts_with("smb") ||
         filesystem.starts_with("ceph") || filesystem.starts_with("fuse.") || filesystem.starts_with("9p");
}

bool is_driver(std::string_view area) {
  constexpr std::array<std::string_view, 8> kDrivers{"overlay2", "fuse-overlayfs", "btrfs",   "zfs",
                                                     "aufs",     "devicemapper",   "overlay", "vfs"};
  return std::find(kDrivers.begin(), kDrivers.end(), area) != kDrivers.end();
}

constexpr std::string_view kUnknownMaker = "something that ran";

std::string maker_in_volumes(const std::vector<std::string_view>& parts, std::string_view filesystem,
                             bool has_options) {
  if (parts.size() == 3 && has_options) {
    return "the options of volume " + escaped(parts[1]);
  }
  const bool inside_data = parts.size() > 3;
  return inside_data && (is_passing(filesystem) || is_of_network(filesystem)) ? std::string(kUnknownMaker) : "";
}

}  // namespace

std::string maker_of_mount(const RelPath& path, std::string_view filesystem, bool has_options) {
  const std::vector<std::string_view> parts = split(path.bytes(), '/');
  const std::string_view area = parts.front();
  if (parts.size() == 1 || (parts.size() == 2 && area == "image")) {
    return "";  // an area itself, of whatever filesystem
  }
  if (area == "volumes") {
    return maker_in_volumes(parts, filesystem, has_options);
  }
  // A directory of a container or a layer that an administrator mounted is theirs; what is mounted inside of one is not.
  const bool inside_one = parts.size() > 2;
  if (area == "rootfs" || (area == "containers" && inside_one)) {
    return std::string(kContainer);
  }
  const bool is_in_layer = inside_one && parts[2] == "diff";  // where no container mounts anything
  const bool is_view = path.name() == "merged" || path.name() == "mnt" || area == "aufs" || area == "devicemapper" ||
                       area == "zfs" || is_passing(filesystem);
  if (is_driver(area) && inside_one && is_view && !is_in_layer) {
    return std::string(kContainer);
  }
  if (area == "plugins" && inside_one) {
    return "a plugin";
  }
  const bool of_builds = area == "tmp" || (area == "buildkit" && inside_one) || area == "builder";
  return of_builds || is_passing(filesystem) ? std::string(kUnknownMaker) : "";
}

std::string described(const Boundary& boundary) {
  const std::string type = boundary.filesystem.empty() ? "" : " (" + escaped(boundary.filesystem) + ")";
  switch (boundary.kind) {
    case Boundary::Kind::Link:
      return boundary.path.text() + ", a link to " +
             escaped(boundary.leads_to.empty() ? boundary.source : boundary.leads_to);
    case Boundary::Kind::Subvolume: return "the btrfs subvolume " + boundary.path.text();
    case Boundary::Kind::Bind:
      return "the bind mount of " + escaped(boundary.leads_to) + " of " + escaped(boundary.source) + type + " at " +
             boundary.path.text();
    case Boundary::Kind::Mount: break;
  }
  return "the mount of " + escaped(boundary.source) + type + " at " + boundary.path.text();
}

}  // namespace dfsck

// What a mount inside a root is, by its place: daemons, plugins and builds mount in few places, and leave all others to
// the administrator.
#include "core/model/boundaries.h"

#include <algorithm>
#include <array>

#include "core/base/escape.h"
#include "core/base/text.h"
#include "core/fs/area_links.h"
#include "core/model/mount_makers.h"

namespace dfsck {
namespace {

// Views of other directories, and memory: they do not outlive what mounted them.
bool is_passing(std::string_view filesystem) {
  constexpr std::array<std::string_view, 7> kPassing{"overlay",  "aufs", "fuse.fuse-overlayfs", "tmpfs", "ramfs",
                                                     "devtmpfs", "shm"};
  return std::find(kPassing.begin(), kPassing.end(), filesystem) != kPassing.end();
}

// What the kernel shows of itself. Nobody keeps data in them.
bool is_of_kernel(std::string_view filesystem) {
  constexpr std::array<std::string_view, 9> kKernel{"nsfs",   "mqueue",  "proc", "sysfs",  "devpts",
                                                    "cgroup", "cgroup2", "bpf",  "debugfs"};
  return std::find(kKernel.begin(), kKernel.end(), filesystem) != kKernel.end();
}

bool is_of_network(std::string_view filesystem) {
  return filesystem.starts_with("nfs") || filesystem.starts_with("cifs") || filesystem.starts_with("smb") ||
         filesystem.starts_with("ceph") || filesystem.starts_with("fuse.") || filesystem.starts_with("9p");
}

// All that a daemon of 17.06 to 29 may have made: a mount of a driver that is not covered is a mount of a container
// all the same.
bool is_driver(std::string_view area) {
  constexpr std::array<std::string_view, 8> kDrivers{"overlay2", "fuse-overlayfs", "btrfs",   "zfs",
                                                     "aufs",     "devicemapper",   "overlay", "vfs"};
  return std::find(kDrivers.begin(), kDrivers.end(), area) != kDrivers.end();
}

using Parts = std::vector<std::string_view>;

// A disk of an administrator is data wherever it is.
std::string maker_elsewhere(std::string_view filesystem) {
  return is_passing(filesystem) ? std::string(kNoDaemon) : "";
}

// At volumes/<name>/_data a volume with driver options is a mount point while it is used; what lies there belongs to
// the device, and the daemon mounts it again by itself. Deeper in a volume, a network share or a memory
// filesystem is neither data that can be copied nor mounted again by a daemon; a disk is data of the root.
std::string maker_in_volumes(const Parts& parts, std::string_view filesystem, bool has_options) {
  if (parts.size() == 3 && has_options) {
    return "the options of volume " + escaped(parts[1]);
  }
  const bool stays = parts.size() > 3 && (is_passing(filesystem) || is_of_network(filesystem));
  return stays ? std::string(kNoDaemon) : "";
}

// moby daemon/container_operations_unix.go: setupIpcDirs, setupSecretDir; before 17.06 without mounts/.
std::string maker_in_containers(const Parts& parts, std::string_view filesystem) {
  constexpr std::array<std::string_view, 4> kMounted{"mounts", "shm", "mqueue", "secrets"};
  const bool by_daemon = parts.size() > 2 && std::find(kMounted.begin(), kMounted.end(), parts[2]) != kMounted.end();
  return by_daemon ? std::string(kContainer) : maker_elsewhere(filesystem);
}

// merged/ is where overlay2 mounts a container's view. What is mounted below the directories of aufs, devicemapper
// and zfs is a view of theirs.
std::string maker_in_driver(const Parts& parts, std::string_view filesystem) {
  const bool is_view = parts.size() > 2 && (parts[2] == "merged" || parts[1] == "mnt" || parts[0] == "aufs" ||
                                            parts[0] == "devicemapper" || parts[0] == "zfs");
  return is_view ? std::string(kContainer) : maker_elsewhere(filesystem);
}

// moby plugin/manager_linux.go: it mounts its own directories again, and plugins mount below them.
std::string maker_in_plugins(const Parts& parts, std::string_view filesystem) {
  const bool of_plugin = parts.size() > 2 && (parts[2] == "rootfs" || parts[2] == "propagated-mount");
  const bool is_view = parts.size() > 3 || is_passing(filesystem) || is_of_network(filesystem);
  return of_plugin && is_view ? std::string(kPlugin) : maker_elsewhere(filesystem);
}

// Everything below tmp/ is scratch of one daemon run: it is renamed away at the next start (moby
// daemon/daemon.go:prepareTempDir).
std::string maker_in_builds(const Parts& parts, std::string_view filesystem) {
  const bool is_scratch = parts[0] == "tmp" || parts[1] == "executor" || is_passing(filesystem);
  return is_scratch ? std::string(kBuildStep) : "";
}

std::string maker_in_containerd(const Parts& parts, std::string_view filesystem) {
  const bool of_task = parts.size() > 2 && (parts[2].starts_with("io.containerd.runtime.") || parts[2] == "tmpmounts");
  return of_task ? std::string(kContainer) : maker_elsewhere(filesystem);
}

}  // namespace

std::string maker_of_mount(const RelPath& path, std::string_view filesystem, bool has_options) {
  const Parts parts = split(path.bytes(), '/');
  const std::string_view area = parts.front();
  if (parts.size() == 1 || (parts.size() == 2 && area == "image")) {
    return "";  // an area itself, of whatever filesystem
  }
  // A network namespace or a pseudo filesystem cannot be kept or copied: whoever ran there made it.
  if (is_of_kernel(filesystem)) {
    return std::string(kSomethingThatRan);
  }
  return area == "rootfs"                                           ? std::string(kContainer)
         : area == "volumes"                                        ? maker_in_volumes(parts, filesystem, has_options)
         : area == "containers"                                     ? maker_in_containers(parts, filesystem)
         : area == "plugins"                                        ? maker_in_plugins(parts, filesystem)
         : area == "tmp" || area == "buildkit" || area == "builder" ? maker_in_builds(parts, filesystem)
         : area == "containerd"                                     ? maker_in_containerd(parts, filesystem)
         : is_driver(area)                                          ? maker_in_driver(parts, filesystem)
                                                                    : maker_elsewhere(filesystem);
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

// Parsing the host's tables of mounts.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace dfsck {

// A line of /proc/<pid>/mountinfo (proc(5)), octal escapes undone.
struct MountEntry {
  std::string point;
  std::string type;     // "overlay", "ext4", "fuse.sshfs"
  std::string options;  // of the filesystem: for overlay with lowerdir and upperdir
  std::string root;     // the directory of the filesystem that is mounted: "/", "/some/dir", "/@subvolume"
  std::string source;   // "/dev/sdb1", "host:/share"
  std::string device;   // "8:17"
};

// Lines that do not parse are skipped.
std::vector<MountEntry> parse_mountinfo(std::string_view text);

// The mount on which a path lies: the last of the deepest ones. mountinfo lists mounts in the order in which they were
// made, so of two on one point the later hides the earlier. Null where the table has none.
const MountEntry* mount_holding(const std::vector<MountEntry>& mounts, std::string_view path);

// Mount points of /etc/fstab that are mounted at boot: without "noauto", swap, and entries without a mount point.
std::vector<std::string> parse_fstab(std::string_view text);

// "Where=" of a systemd mount unit; empty if there is none.
std::string unit_mount_point(std::string_view text);

// The directories in an overlay's options: lowerdir (each), upperdir, workdir.
std::vector<std::string> overlay_directories(std::string_view options);

}  // namespace dfsck

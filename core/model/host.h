// What the host says about a root: its filesystem, mounts, daemons.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/model/boundaries.h"
#include "core/model/file_state.h"

namespace dfsck {

struct HostFacts {
  std::string filesystem;  // "ext4", "nfs", ... by statfs magic; "0x..." if unknown
  bool suitable = true;    // can hold overlay layers
  bool read_only = false;
  bool reports_types = true;  // d_type in directory listings
  uint64_t total_bytes = 0;
  uint64_t free_bytes = 0;  // including what is reserved for root
  uint64_t total_inodes = 0;
  uint64_t free_inodes = 0;
  bool limits_inodes = true;  // false where the filesystem makes inodes as needed
  struct MissingMount {
    std::string mountpoint, source;  // "/var/lib/docker", "/etc/fstab"; escaped
  };
  std::vector<MissingMount> missing_mounts;  // sorted by mount point
  // A process that works on this root: it was started on it, or has one of its databases open for writing.
  struct Daemon {
    std::string name;  // "dockerd"; escaped
    int pid = 0;
    bool by_argument = false;  // seen in its command line; else by an open database
  };
  std::vector<Daemon> daemons;            // by rising pid
  std::vector<std::string> mounts_below;  // mount points below the root, escaped, without the root itself; sorted
  std::vector<RelPath> mount_paths;       // the same as paths below the root
  // Of these, and of overlays mounted elsewhere from directories of this root: what only a daemon or a container
  // leaves. A disk that an administrator mounted somewhere in the root is none.
  std::vector<RelPath> container_mounts;  // sorted
  // Where other filesystems, subvolumes and linked directories begin, as this process sees them; sorted by path.
  std::vector<Boundary> boundaries;
  bool is_root = true;        // this process, in its user namespace
  bool knows_all_ids = true;  // of the machine, in that namespace
  bool selinux_enabled = false;
  std::string overlay_label;  // SELinux label of the driver's directory, if SELinux is on
};

}  // namespace dfsck

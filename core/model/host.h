// What the host says about a root: its filesystem, mounts, daemons, locks.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/model/file_state.h"

namespace dfsck {

struct HostFacts {
  std::string filesystem;           // "ext4", "nfs", ... by statfs magic; "0x..." if unknown
  bool suitable = true;             // can hold overlay layers
  bool read_only = false;
  bool reports_types = true;        // d_type in directory listings
  uint64_t free_bytes = 0;
  uint64_t free_inodes = 0;
  bool limits_inodes = true;        // false where the filesystem makes inodes as needed
  struct MissingMount {
    std::string mountpoint, source; // "/var/lib/docker", "/etc/fstab"
  };
  std::vector<MissingMount> missing_mounts;
  std::vector<std::string> daemons;       // "dockerd (pid 123) uses this root"
  std::vector<std::string> mounts_below;  // mount points below the root, escaped, without the root itself
  std::vector<RelPath> mount_paths;       // the same as paths below the root
  bool selinux_enabled = false;
  std::string overlay_label;              // SELinux label of the driver's directory, if SELinux is on
};

}  // namespace dfsck

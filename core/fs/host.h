// What the host says of itself outside any data root: mounts, processes, filesystem facts. Raw material: what it means
// for a root is core/model's affair. Reads /proc, /sys and /etc only; changes nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/fs/dir.h"

namespace dfsck {

struct FileIdentity {
  uint64_t device = 0;
  uint64_t inode = 0;
  friend auto operator<=>(const FileIdentity&, const FileIdentity&) = default;
};

// A process that may be a daemon on a data root.
struct HostProcess {
  int pid = 0;
  std::string name;                          // as the kernel has it, at most 15 bytes: "dockerd", "containerd"
  std::optional<FileIdentity> data_root;     // of dockerd: where --data-root, -g or --graph leads
  std::vector<FileIdentity> open_databases;  // files named *.db that it has open for writing
};

struct MountUnit {
  std::string name;  // "data.mount"
  std::string text;
};

// A value, so that tests can say what a host looks like.
struct HostSnapshot {
  std::string mountinfo;                      // of this process
  std::vector<std::string> other_mountinfos;  // one of each other mount namespace that can be read
  std::string fstab;
  std::vector<MountUnit> mount_units;  // that systemd is set to mount at boot
  std::vector<HostProcess> processes;  // those with something to tell, by rising pid
  bool selinux_enabled = false;
  bool is_root = true;        // we are, in our user namespace
  bool knows_all_ids = true;  // our user namespace maps all of them
};

// Whether the user namespace of this process maps every id of the machine: else there are owners that it can do nothing
// for.
bool knows_all_ids();

// What cannot be read, for want of permission or because a process ended meanwhile, is left out.
HostSnapshot read_host();

struct FilesystemFacts {
  uint64_t magic = 0;  // statfs(2)
  bool read_only = false;
  uint64_t total_bytes = 0;
  uint64_t free_bytes = 0;    // with what is reserved for root, as daemons run as root
  uint64_t total_inodes = 0;  // 0 where the filesystem makes inodes as needed
  uint64_t free_inodes = 0;
  uint64_t block_bytes = 0;  // smallest unit of allocation; never 0 of a real filesystem
  // Mount options.
  bool no_devices = false, no_exec = false, no_setuid = false;
};

// Of the filesystem that holds the open directory.
Result<FilesystemFacts> filesystem_facts(const Dir& dir);

// False if the directory has entries and its listing tells the type of none of them.
bool reports_entry_types(const Dir& dir);

// True if another open file description holds an exclusive flock(2) on `fd`'s file, as a daemon does on its
// databases. Takes a shared lock for an instant; never waits.
bool is_locked_by_other(int fd);

}  // namespace dfsck

// Boundaries: the places inside a root where another filesystem, subvolume or directory begins.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/relpath.h"

namespace dfsck {

// Decided by what the place is, never by its device number alone: whatever lies inside the root belongs to it, wherever
// it is mounted or linked to, unless something that ran has put it there for its own time.
struct Boundary {
  enum class Kind {
    Link,       // a symbolic link in the place of an area or of a volume's data (core/fs/area_links.h)
    Mount,      // a filesystem of its own
    Bind,       // a directory of some filesystem, mounted again
    Subvolume,  // of btrfs, not mounted by itself
  };

  RelPath path;
  Kind kind = Kind::Mount;
  std::string source;      // Link: what it says; Mount, Bind: the device, share or dataset; Subvolume: empty
  std::string leads_to;    // Link: the absolute path behind it; Bind: the directory on its filesystem; else empty
  std::string filesystem;  // type, as in mountinfo: "ext4", "nfs4", "fuse.sshfs"
  // Who made it, where that is not the administrator: "a container", "a plugin", "the options of volume db",
  // "something that ran". Empty where what lies there is data of the root.
  std::string made_by;
  std::string problem;  // Link: why it is not followed, behind "it leads"; empty if it is

  bool is_data() const { return made_by.empty(); }
};

// "the mount of /dev/sdb1 (ext4) at volumes", "volumes, a link to /mnt/disk/volumes": for reports. Escaped.
std::string described(const Boundary& boundary);

inline constexpr std::string_view kContainer = "a container";

// Who made a mount of type `filesystem` at `path`, by the place alone; empty for an administrator. `has_options` tells
// of the volume there that its options make the daemon mount something.
std::string maker_of_mount(const RelPath& path, std::string_view filesystem, bool has_options);

}  // namespace dfsck

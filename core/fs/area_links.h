// Areas of a data root that lie elsewhere, behind symbolic links.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/relpath.h"
#include "core/base/result.h"
#include "core/fs/fd.h"
#include "core/fs/host.h"

namespace dfsck {

// The directories that daemons keep directly in a root, storage drivers' among them. What else lies there is not
// theirs.
inline constexpr std::array<std::string_view, 20> kAreaNames{
    "aufs",  "btrfs",   "buildkit", "containerd", "containers", "devicemapper", "fuse-overlayfs",
    "image", "network", "overlay",  "overlay2",   "plugins",    "rootfs",       "runtimes",
    "swarm", "tmp",     "trust",    "vfs",        "volumes",    "zfs"};

// Made by mkfs.ext4 in each filesystem's top directory; an area that is a disk of its own has one, and it is nobody's.
inline constexpr std::string_view kLostAndFound = "lost+found";

// A symbolic link in the place of an area, of image/<driver>, of a volume's directory or of its _data; or of a part of
// an area that daemons open by its path: a container's directory, a layer's, its diff, an entry or a directory of the
// image store, a database.
struct AreaLink {
  RelPath path;          // "volumes", "image/overlay2", "volumes/db/_data", "containers/<id>"
  std::string target;    // what the link says
  std::string resolved;  // the absolute path behind it; empty where there is no directory, or it must not be followed
  // Why nothing behind it is read, in words that fit behind "it leads": "nowhere", "to a file". Empty where it is
  // followed.
  std::string problem;
  FileIdentity identity;  // of the directory behind it

  bool is_followed() const { return problem.empty(); }
};

// Found once, when a root is opened, and const from then on. Nothing else in a root is followed. What could
// be walked without an end, or is no place for data, is not followed either: a directory that holds the link
// itself (the root, "/"), another area, kernel filesystems like /proc.
class AreaLinks {
 public:
  AreaLinks() = default;
  // `top` is open on the root.
  static AreaLinks find(int top, const std::string& root_path);

  const std::vector<AreaLink>& all() const { return links_; }  // sorted by path
  const AreaLink* at(const RelPath& path) const;

  // Where something lies: at `rest` beneath a directory behind a link, or beneath the root's own where `behind` is
  // none.
  struct Place {
    Fd behind;
    RelPath rest;
    int base(int top) const { return behind ? behind.get() : top; }
  };
  // For the directory `path`: a link in its own place is followed, as are those above it.
  Result<Place> of_directory(const RelPath& path) const;
  // For `path` itself: only links above it are followed.
  Result<Place> of_object(const RelPath& path) const;

  // The path below the root of what lies at an absolute path behind a link; nothing where it lies behind none.
  std::optional<RelPath> below(const std::string& absolute) const;

 private:
  // The innermost followed link at `path` or above it.
  const AreaLink* innermost(RelPath path) const;

  std::vector<AreaLink> links_;
};

}  // namespace dfsck

// Read-only view of one data root.
#pragma once

#include <map>
#include <string>
#include <utility>

#include "core/base/relpath.h"
#include "core/base/result.h"
#include "core/fs/dir.h"
#include "core/fs/fd.h"
#include "core/fs/stat.h"

namespace dfsck {

class AreaLinks;

// Everything that is read of a root goes through here. Names are resolved beneath the root's descriptor, never
// through a symbolic link (openat2 with RESOLVE_BENEATH and RESOLVE_NO_SYMLINKS; a walk by component where the
// kernel or a sandbox has no openat2). The links that stand for an area or a volume's data (core/fs/area_links.h) are
// found once, at the start: what lies behind them is read beneath the directory that they lead to, under unchanged
// paths. Safe to use from many threads. Never writes.
class Root {
 public:
  // Opens the directory at `path` (which itself may be a symbolic link: it is resolved once, here).
  static Result<Root> open(const std::string& path);
  Root(Root&& other) noexcept
      : fd_(std::move(other.fd_)), path_(std::move(other.path_)), links_(std::exchange(other.links_, nullptr)) {}
  Root& operator=(Root&& other) noexcept {
    std::swap(fd_, other.fd_);
    std::swap(path_, other.path_);
    std::swap(links_, other.links_);
    return *this;
  }
  ~Root();

  const std::string& path() const { return path_; }  // as resolved, absolute
  // A root of its own below this one: a user-namespace remapped daemon keeps one at <uid>.<gid>/.
  Result<Root> open_below(const RelPath& path) const;

  const AreaLinks& area_links() const { return *links_; }

  Result<Dir> open_dir(const RelPath& path) const;
  Result<Fd> open_file(const RelPath& path) const;       // regular files only; Format error for other types
  Result<FileStat> stat(const RelPath& path) const;      // of the object itself: an area's link is a link
  Result<FileStat> stat_dir(const RelPath& path) const;  // of the directory that open_dir() opens
  Result<std::string> read_link(const RelPath& path) const;
  Result<std::map<std::string, std::string>> xattrs(const RelPath& path) const;
  // The whole of a small regular file; a Limit error if it is larger than `limit` bytes.
  Result<std::string> read_small(const RelPath& path, size_t limit) const;

 private:
  Root(Fd fd, std::string path);
  Result<Fd> open_directory(const RelPath& path, int flags) const;

  Fd fd_;
  std::string path_;
  // Owned; null only in what was moved from. Not by a smart pointer: three in four sources read this header, and
  // <memory> would make it half as long again.
  const AreaLinks* links_;
};

// The absolute path behind all symbolic links.
Result<std::string> resolved_path(const std::string& path);

// Opens `path` beneath the directory `base` without following any symbolic link. `flags` as for open(2);
// O_CLOEXEC and O_NOFOLLOW are added. ELOOP where a component is a symbolic link.
Result<Fd> open_beneath(int base, const RelPath& path, int flags, const std::string& where);

// Like open_beneath, but symbolic links are followed as if `base` were "/": they cannot lead out of it.
// What a layer's tar means by a name that goes through a link of the same layer.
Result<Fd> open_in_root(int base, const RelPath& path, int flags, const std::string& where);

// Reads up to `limit` bytes from the start of an open file; a Limit error if there are more.
Result<std::string> read_all(int fd, size_t limit, const std::string& where);

}  // namespace dfsck

// Root: path resolution that cannot leave the root, and small reads.
#include "core/fs/root.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <memory>

#include "core/base/escape.h"
#include "core/base/patient_calls.h"
#include "core/base/text.h"
#include "core/base/try.h"
#include "core/fs/area_links.h"
#include "core/fs/resolve.h"

namespace dfsck {
namespace {

Result<FileStat> stat_of(const Result<Fd>& fd, const RelPath& path) {
  TRY(fd);
  struct ::stat raw {};
  if (patient::fstat(fd->get(), &raw) != 0) {
    return sys_error("stat", path.text());
  }
  return to_file_stat(raw);
}

}  // namespace

Result<Fd> open_beneath(int base, const RelPath& path, int flags, const std::string& where) {
  // Two locks on one door: no link is followed at all, and nothing above the base can be reached.
  constexpr uint64_t kResolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS;
  Fd fd(open_resolved(base, path.is_root() ? "" : path.bytes().c_str(), flags | O_CLOEXEC | O_NOFOLLOW, kResolve));
  return fd ? Result<Fd>(std::move(fd)) : sys_error("open", where);
}

Result<Fd> open_in_root(int base, const RelPath& path, int flags, const std::string& where) {
  // A layer's absolute links mean the layer: dockerd unpacks in a chroot of diff/. When it reads back it does not
  // confine them (the merged mount joined with the name), so a link to /etc/passwd could lead it to the host's; here it
  // cannot.
  constexpr uint64_t kResolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  Fd fd(open_resolved(base, path.is_root() ? "" : path.bytes().c_str(), flags | O_CLOEXEC | O_NOFOLLOW, kResolve));
  return fd ? Result<Fd>(std::move(fd)) : sys_error("open", where);
}

Result<std::string> read_all(int fd, size_t limit, const std::string& where) {
  // Most files are tiny and many are kept: take what the file says it needs, and one byte more to see its end.
  struct ::stat raw {};
  const size_t told = patient::fstat(fd, &raw) == 0 && raw.st_size > 0 ? static_cast<size_t>(raw.st_size) : 0;
  // What a file says of its size is believed only a step at a time: a sparse one says terabytes.
  constexpr size_t kLargest = 1024 * 1024;
  std::string bytes;
  for (;;) {
    const size_t had = bytes.size();
    bytes.resize(had + (told >= had ? std::min(told - had + 1, kLargest) : kLargest / 16));
    const size_t asked = bytes.size();
    // pread leaves the place of the descriptor alone, which may be shared.
    const ssize_t got = patient::pread(fd, bytes.data() + had, bytes.size() - had, static_cast<off_t>(had));
    if (got < 0) {
      return sys_error("read", where);
    }
    bytes.resize(had + static_cast<size_t>(got));
    if (bytes.size() > limit) {
      return limit_error("read", where, "larger than " + human_bytes(limit));
    }
    // A file with a size gives all that was asked for, or it has ended; others (in /proc) may give less at a time.
    if (got == 0 || (told > 0 && bytes.size() < asked)) {
      bytes.shrink_to_fit();
      return bytes;
    }
  }
}

Result<std::string> resolved_path(const std::string& path) {
  const std::unique_ptr<char, void (*)(void*)> resolved(patient::realpath(path.c_str()), &std::free);
  return resolved ? Result(std::string(resolved.get())) : sys_error("find", escaped(path));
}

Root::Root(Fd fd, std::string path)
    : fd_(std::move(fd)), path_(std::move(path)), links_(new AreaLinks(AreaLinks::find(fd_.get(), path_))) {}

Root::~Root() { delete links_; }

// The one place where links above the root are followed: the daemon resolves its data-root at start too. From then on
// the descriptor is the root, whatever is renamed above it.
Result<Root> Root::open(const std::string& path) {
  const Result<std::string> resolved = resolved_path(path);
  if (!resolved) {
    Error error = resolved.error();
    error.op = "open data root";
    return error;
  }
  Fd fd(patient::open(resolved->c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) {
    return sys_error("open data root", escaped(*resolved));
  }
  return Root(std::move(fd), *resolved);
}

Result<Root> Root::open_below(const RelPath& path) const {
  ASSIGN_OR_RETURN(Fd fd, open_directory(path, O_RDONLY | O_DIRECTORY));
  // Its links are looked for anew, with the remapped root as the top.
  return Root(std::move(fd), path_ + "/" + path.bytes());
}

Result<Fd> Root::open_directory(const RelPath& path, int flags) const {
  ASSIGN_OR_RETURN(const AreaLinks::Place place, links_->of_directory(path));
  return open_beneath(place.base(fd_.get()), place.rest, flags, path.text());
}

Result<Dir> Root::open_dir(const RelPath& path) const {
  ASSIGN_OR_RETURN(Fd fd, open_directory(path, O_RDONLY | O_DIRECTORY));
  return Dir(std::move(fd), path.text());
}

// By its directory, so that the type is looked at in the same directory in which the file is then opened.
Result<Fd> Root::open_file(const RelPath& path) const {
  ASSIGN_OR_RETURN(const Dir dir, open_dir(path.parent()));
  return dir.open_file(std::string(path.name()));
}

Result<FileStat> Root::stat(const RelPath& path) const {
  ASSIGN_OR_RETURN(const AreaLinks::Place place, links_->of_object(path));
  return stat_of(open_beneath(place.base(fd_.get()), place.rest, O_PATH, path.text()), path);
}

Result<FileStat> Root::stat_dir(const RelPath& path) const {
  return stat_of(open_directory(path, O_PATH | O_DIRECTORY), path);
}

Result<std::string> Root::read_link(const RelPath& path) const {
  ASSIGN_OR_RETURN(const Dir dir, open_dir(path.parent()));
  return dir.read_link(std::string(path.name()));
}

Result<std::map<std::string, std::string>> Root::xattrs(const RelPath& path) const {
  ASSIGN_OR_RETURN(const Dir dir, open_dir(path.parent()));
  return dir.xattrs(std::string(path.name()));
}

Result<std::string> Root::read_small(const RelPath& path, size_t limit) const {
  ASSIGN_OR_RETURN(const Fd fd, open_file(path));
  return read_all(fd.get(), limit, path.text());
}

}  // namespace dfsck

// Component by component where the kernel does not do it.
#include "core/fs/resolve.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <string>
#include <string_view>

#include "core/base/patient_calls.h"
#include "core/fs/fd.h"

namespace dfsck {
namespace {

bool is_link(int dir, const std::string& name) {
  struct ::stat raw {};
  return patient::fstatat(dir, name.c_str(), &raw, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(raw.st_mode);
}

// `refusal`: what openat2 said.
int walk(int base, std::string_view path, int flags, bool follows_links, int refusal) {
  // O_PATH on the way needs no permission to read a directory, only to search it, as openat2 does.
  constexpr int kOnTheWay = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  Fd current;
  for (size_t start = 0; start <= path.size();) {
    const size_t end = std::min(path.find('/', start), path.size());
    const bool last = end == path.size();
    const std::string name(path.empty() ? "." : path.substr(start, end - start));
    const int dir = current ? current.get() : base;
    // Each name by itself, with O_NOFOLLOW and relative to what is already open: whoever turns a directory into a link
    // meanwhile makes this fail and cannot lead it away. Paths here hold no "..", so that there is nothing to climb.
    Fd next(patient::openat(dir, name.c_str(), last ? flags | O_NOFOLLOW : kOnTheWay));
    if (!next) {
      const int code = errno;
      // Where links were meant to be followed, "it is a link" is no answer about what is there: the caller must hear
      // that it could not be looked at, which is what openat2's own refusal says.
      errno = follows_links && (code == ENOTDIR || code == ELOOP) && is_link(dir, name) ? refusal : code;
      return -1;
    }
    current = std::move(next);
    start = end + 1;
  }
  return current.release();
}

}  // namespace

int open_resolved(int base, const char* path, int flags, uint64_t resolve) {
  // ENOSYS is the kernel's word for good. EPERM is a sandbox's word for calls that it does not know, but may as well be
  // about this one object: the next call asks again.
  static std::atomic<bool> unknown{false};
  int refusal = ENOSYS;
  if (!unknown.load(std::memory_order_relaxed)) {
    const int fd = patient::openat2(base, *path == '\0' ? "." : path, flags, resolve);
    if (fd >= 0 || (errno != ENOSYS && errno != EPERM)) {
      return fd;
    }
    refusal = errno;
    unknown.store(refusal == ENOSYS, std::memory_order_relaxed);
  }
  return walk(base, path, flags, (resolve & RESOLVE_NO_SYMLINKS) == 0, refusal);
}

}  // namespace dfsck

// One openat2 per change of directory.
#include "core/content/tree_cursor.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>

namespace dfsck {
namespace {

constexpr int kFlags = O_PATH | O_DIRECTORY | O_CLOEXEC;

// Without openat2 (kernels before 5.6, some sandboxes) names that go through links are not found, and never followed.
int walk(int tree, const std::string& path) {
  Fd current(::openat(tree, ".", kFlags));
  for (size_t start = 0; current && start < path.size();) {
    const size_t end = std::min(path.find('/', start), path.size());
    current = Fd(::openat(current.get(), path.substr(start, end - start).c_str(), kFlags | O_NOFOLLOW));
    start = end + 1;
  }
  return current.release();
}

int open_inside(int tree, const std::string& path) {
  static std::atomic<bool> lacks_openat2{false};
  if (!lacks_openat2.load(std::memory_order_relaxed)) {
    struct open_how how {};
    how.flags = static_cast<uint64_t>(static_cast<unsigned>(kFlags));
    how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
    const auto fd =
        static_cast<int>(::syscall(SYS_openat2, tree, path.empty() ? "." : path.c_str(), &how, sizeof how));
    if (fd >= 0 || (errno != ENOSYS && errno != EPERM)) {
      return fd;
    }
    lacks_openat2.store(true, std::memory_order_relaxed);
  }
  return walk(tree, path);
}

}  // namespace

bool TreeCursor::enter(std::string_view path) {
  if (entered_ && path == path_) {
    return error_ == 0;
  }
  entered_ = true;
  path_.assign(path);
  error_ = 0;
  inode_ = 0;
  fd_ = Fd(open_inside(tree_, path_));
  struct ::stat raw {};
  if (!fd_ || ::fstat(fd_.get(), &raw) != 0) {
    error_ = errno;
    return false;
  }
  inode_ = raw.st_ino;
  return true;
}

}  // namespace dfsck

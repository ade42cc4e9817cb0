// One openat2 per change of directory.
#include "core/content/tree/tree_cursor.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>

#include <cerrno>

#include "core/base/patient_calls.h"
#include "core/fs/resolve.h"

namespace dfsck {

bool TreeCursor::enter(std::string_view path) {
  if (entered_ && path == path_) {
    return error_ == 0;
  }
  entered_ = true;
  path_.assign(path);
  error_ = 0;
  inode_ = 0;
  constexpr int kFlags = O_PATH | O_DIRECTORY | O_CLOEXEC;
  fd_ = Fd(open_resolved(tree_, path_.c_str(), kFlags, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS));
  struct ::stat raw {};
  if (!fd_ || patient::fstat(fd_.get(), &raw) != 0) {
    error_ = errno;
    return false;
  }
  inode_ = raw.st_ino;
  return true;
}

}  // namespace dfsck

// One system call each.
#include "core/fs/writer_copy.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "core/fs/mutation.h"

namespace dfsck {
namespace {

int code_of(long result) { return result < 0 ? errno : 0; }

std::array<timespec, 2> both_times(FileTime atime, FileTime mtime) {
  std::array<timespec, 2> times{};
  times[0].tv_sec = atime.seconds;
  times[0].tv_nsec = atime.nanoseconds;
  times[1].tv_sec = mtime.seconds;
  times[1].tv_nsec = mtime.nanoseconds;
  return times;
}

}  // namespace

int make_copy_file(int dir, const char* name, uint32_t mode, Fd& file) {
  constexpr int kFlags = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC;
  file = Fd(mutate("openat", [&] { return ::openat(dir, name, kFlags, mode); }));
  return file ? 0 : errno;
}

int write_at(int file, const char* bytes, size_t size, uint64_t offset) {
  while (size > 0) {
    const ssize_t written =
        mutate("pwrite", [&] { return ::pwrite(file, bytes, size, static_cast<off_t>(offset)); });
    if (written < 0) {
      if (errno == EINTR) {
        continue;
      }
      return errno;
    }
    const auto done = static_cast<size_t>(written);
    bytes += done;
    size -= done;
    offset += done;
  }
  return 0;
}

int clone_bytes(int from, int to) {
  return code_of(mutate("ficlone", [&] { return ::ioctl(to, FICLONE, from); }));
}

int copy_bytes(int from, int to, uint64_t offset, uint64_t length, uint64_t& copied) {
  copied = 0;
  auto in = static_cast<off_t>(offset);
  auto out = static_cast<off_t>(offset);
  constexpr uint64_t kMost = 1U << 30;  // the kernel does not take more at once
  const auto wanted = static_cast<size_t>(std::min(length, kMost));
  const ssize_t got = mutate("copy_file_range", [&] { return ::copy_file_range(from, &in, to, &out, wanted, 0); });
  if (got < 0) {
    return errno;
  }
  copied = static_cast<uint64_t>(got);
  return 0;
}

int set_size(int file, uint64_t size) {
  return code_of(mutate("ftruncate", [&] { return ::ftruncate(file, static_cast<off_t>(size)); }));
}

int set_owner(int file, uint32_t uid, uint32_t gid) {
  return code_of(mutate("fchown", [&] { return ::fchown(file, uid, gid); }));
}

int set_mode(int file, uint32_t mode) {
  return code_of(mutate("fchmod", [&] { return ::fchmod(file, mode); }));
}

int set_times(int file, FileTime atime, FileTime mtime) {
  const auto times = both_times(atime, mtime);
  return code_of(mutate("futimens", [&] { return ::futimens(file, times.data()); }));
}

int set_flags(int file, unsigned flags) {
  return code_of(mutate("setflags", [&] { return ::ioctl(file, FS_IOC_SETFLAGS, &flags); }));
}

int set_xattr(int file, const char* key, const std::optional<std::string>& value) {
  if (!value) {
    return code_of(mutate("fremovexattr", [&] { return ::fremovexattr(file, key); }));
  }
  return code_of(mutate("fsetxattr", [&] { return ::fsetxattr(file, key, value->data(), value->size(), 0); }));
}

int set_owner_at(int dir, const char* name, uint32_t uid, uint32_t gid) {
  return code_of(mutate("fchownat", [&] { return ::fchownat(dir, name, uid, gid, AT_SYMLINK_NOFOLLOW); }));
}

int set_mode_at(int dir, const char* name, uint32_t mode) {
  return code_of(mutate("fchmodat", [&] { return ::fchmodat(dir, name, mode, AT_SYMLINK_NOFOLLOW); }));
}

int set_times_at(int dir, const char* name, FileTime atime, FileTime mtime) {
  const auto times = both_times(atime, mtime);
  return code_of(mutate("utimensat", [&] { return ::utimensat(dir, name, times.data(), AT_SYMLINK_NOFOLLOW); }));
}

int set_xattr_at(int dir, const char* name, const char* key, const std::optional<std::string>& value) {
  const std::string path = "/proc/self/fd/" + std::to_string(dir) + "/" + name;
  if (!value) {
    return code_of(mutate("lremovexattr", [&] { return ::lremovexattr(path.c_str(), key); }));
  }
  return code_of(mutate("lsetxattr", [&] { return ::lsetxattr(path.c_str(), key, value->data(), value->size(), 0); }));
}

}  // namespace dfsck

// One system call each.
#include "core/fs/write/calls.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "core/base/proc_path.h"
#include "core/base/write_all.h"
#include "core/fs/write/mutation.h"

namespace dfsck {
namespace {

int code_of(long result) { return result < 0 ? errno : 0; }

int code_of(int descriptor, Fd& file) {
  const int code = code_of(descriptor);
  file = Fd(descriptor);
  return code;
}

timespec timespec_of(const std::optional<FileTime>& time) {
  timespec spec{};
  spec.tv_sec = time ? time->seconds : 0;
  spec.tv_nsec = time ? time->nanoseconds : UTIME_OMIT;
  return spec;
}

}  // namespace

int make_file_at(int dir, const char* name, uint32_t mode, Fd& file, WritesAt where) {
  const int flags = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC;
  const int more = where == WritesAt::TheEnd ? O_APPEND : 0;
  return code_of(mutate("openat", [&] { return ::openat(dir, name, flags | more, mode); }), file);
}

int make_unnamed_file(int dir, uint32_t mode, Fd& file) {
  return code_of(mutate("openat", [&] { return ::openat(dir, ".", O_WRONLY | O_TMPFILE | O_CLOEXEC, mode); }), file);
}

int name_file(int file, int dir, const char* name) {
  const std::string self = proc_path(file);
  return code_of(mutate("linkat", [&] { return ::linkat(AT_FDCWD, self.c_str(), dir, name, AT_SYMLINK_FOLLOW); }));
}

int make_directory_at(int dir, const char* name, uint32_t mode) {
  return code_of(mutate("mkdirat", [&] { return ::mkdirat(dir, name, mode); }));
}

int make_symlink_at(int dir, const char* name, const char* target) {
  return code_of(mutate("symlinkat", [&] { return ::symlinkat(target, dir, name); }));
}

int make_node_at(int dir, const char* name, uint32_t type_and_mode, uint32_t major, uint32_t minor) {
  const dev_t device = makedev(major, minor);
  return code_of(mutate("mknodat", [&] { return ::mknodat(dir, name, type_and_mode, device); }));
}

int link_at(int from, const char* target, int dir, const char* name) {
  return code_of(mutate("linkat", [&] { return ::linkat(from, target, dir, name, 0); }));
}

int rename_at(int from, const char* name, int to, const char* new_name, unsigned flags) {
  return code_of(mutate("renameat2", [&] { return ::renameat2(from, name, to, new_name, flags); }));
}

int remove_at(int dir, const char* name, bool is_directory) {
  return code_of(mutate("unlinkat", [&] { return ::unlinkat(dir, name, is_directory ? AT_REMOVEDIR : 0); }));
}

int open_to_append(int dir, const char* name, Fd& file) {
  return code_of(::openat(dir, name, O_RDWR | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC), file);
}

int open_output(const char* path, Fd& file) {
  return code_of(mutate("open", [&] { return ::open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY); }), file);
}

int append_all(int file, std::string_view bytes) {
  return write_all(bytes, [&](std::string_view rest) {
    return mutate("write", [&] { return ::write(file, rest.data(), rest.size()); });
  });
}

int write_all_at(int file, std::string_view bytes, uint64_t offset) {
  const uint64_t end = offset + bytes.size();
  return write_all(bytes, [&](std::string_view rest) {
    const auto place = static_cast<off_t>(end - rest.size());
    return mutate("pwrite", [&] { return ::pwrite(file, rest.data(), rest.size(), place); });
  });
}

int clone_bytes(int from, int to) {
  return code_of(mutate("ficlone", [&] { return ::ioctl(to, FICLONE, from); }));
}

int copy_bytes(int from, int to, uint64_t offset, uint64_t length, uint64_t& copied) {
  auto in = static_cast<off_t>(offset);
  auto out = static_cast<off_t>(offset);
  constexpr uint64_t kMost = 1U << 30;  // the kernel does not take more at once
  const auto wanted = static_cast<size_t>(std::min(length, kMost));
  const ssize_t got = mutate("copy_file_range", [&] { return ::copy_file_range(from, &in, to, &out, wanted, 0); });
  copied = got < 0 ? 0 : static_cast<uint64_t>(got);
  return code_of(got);
}

int set_size(int file, uint64_t size) {
  return code_of(mutate("ftruncate", [&] { return ::ftruncate(file, static_cast<off_t>(size)); }));
}

int set_owner(ObjectAt object, uint32_t uid, uint32_t gid) {
  if (object.name == nullptr) {
    return code_of(mutate("fchown", [&] { return ::fchown(object.fd, uid, gid); }));
  }
  return code_of(mutate("fchownat", [&] { return ::fchownat(object.fd, object.name, uid, gid, AT_SYMLINK_NOFOLLOW); }));
}

int set_mode(ObjectAt object, uint32_t mode) {
  if (object.name == nullptr) {
    return code_of(mutate("fchmod", [&] { return ::fchmod(object.fd, mode); }));
  }
  return code_of(mutate("fchmodat", [&] { return ::fchmodat(object.fd, object.name, mode, AT_SYMLINK_NOFOLLOW); }));
}

int set_times(ObjectAt object, const std::optional<FileTime>& atime, FileTime mtime) {
  const std::array<timespec, 2> times{timespec_of(atime), timespec_of(mtime)};
  if (object.name == nullptr) {
    return code_of(mutate("futimens", [&] { return ::futimens(object.fd, times.data()); }));
  }
  const int dir = object.fd;
  return code_of(mutate("utimensat", [&] { return ::utimensat(dir, object.name, &times[0], AT_SYMLINK_NOFOLLOW); }));
}

int set_flags(int file, unsigned flags) {
  return code_of(mutate("setflags", [&] { return ::ioctl(file, FS_IOC_SETFLAGS, &flags); }));
}

// There is no setxattrat before Linux 6.13: the directory's entry under /proc stands in for its descriptor.
int set_xattr(ObjectAt object, const char* key, const std::optional<std::string_view>& value) {
  if (object.name == nullptr) {
    const int fd = object.fd;
    return code_of(value ? mutate("fsetxattr", [&] { return ::fsetxattr(fd, key, value->data(), value->size(), 0); })
                         : mutate("fremovexattr", [&] { return ::fremovexattr(fd, key); }));
  }
  const std::string path = proc_path(object.fd, object.name);
  const char* at = path.c_str();
  return code_of(value ? mutate("lsetxattr", [&] { return ::lsetxattr(at, key, value->data(), value->size(), 0); })
                       : mutate("lremovexattr", [&] { return ::lremovexattr(at, key); }));
}

int sync_filesystem_of(int fd) {
  return code_of(mutate("syncfs", [&] { return ::syncfs(fd); }));
}

int sync_object(int fd) {
  return code_of(mutate("fsync", [&] { return ::fsync(fd); }));
}

int sync_contents(int fd) {
  return code_of(mutate("fdatasync", [&] { return ::fdatasync(fd); }));
}

}  // namespace dfsck

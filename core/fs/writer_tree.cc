// Owner, attributes, mode, times.
#include "core/fs/writer_tree.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "core/base/escape.h"
#include "core/fs/mutation.h"
#include "core/fs/writer_error.h"

namespace dfsck {
namespace {

std::array<timespec, 2> both_times(FileTime time) {
  timespec each{};
  each.tv_sec = time.seconds;
  each.tv_nsec = time.nanoseconds;
  return {each, each};
}

bool is_left_out(int code) {
  return code == ENOTSUP || code == EPERM;
}

}  // namespace

Result<void> dress_file(int fd, const OwnerMode& owner, const Attributes& attributes, FileTime time,
                        const std::string& where) {
  if (mutate("fchown", [&] { return ::fchown(fd, owner.uid, owner.gid); }) != 0) {
    return sys_error("change owner", where);
  }
  for (const auto& [key, value] : attributes) {
    if (mutate("fsetxattr", [&, &k = key, &v = value] { return ::fsetxattr(fd, k.c_str(), v.data(), v.size(), 0); }) !=
            0 &&
        !is_left_out(errno)) {
      return sys_error("set attribute " + escaped(key) + " of", where);
    }
  }
  if (mutate("fchmod", [&] { return ::fchmod(fd, owner.mode); }) != 0) {
    return sys_error("change mode", where);
  }
  const auto times = both_times(time);
  if (mutate("futimens", [&] { return ::futimens(fd, times.data()); }) != 0) {
    return sys_error("set time of", where);
  }
  return {};
}

Result<void> dress_object(const Dir& parent, const std::string& name, uint32_t type, const OwnerMode& owner,
                          const Attributes& attributes, FileTime time, SetTimes times) {
  const int fd = parent.fd();
  if (mutate("fchownat", [&] { return ::fchownat(fd, name.c_str(), owner.uid, owner.gid, AT_SYMLINK_NOFOLLOW); }) != 0) {
    return writer_error("change owner", parent, name);
  }
  for (const auto& [key, value] : attributes) {
    const std::string path = "/proc/self/fd/" + std::to_string(fd) + "/" + name;
    if (mutate("lsetxattr", [&, &k = key, &v = value] {
          return ::lsetxattr(path.c_str(), k.c_str(), v.data(), v.size(), 0);
        }) != 0 &&
        !is_left_out(errno)) {
      return writer_error("set attribute " + escaped(key) + " of", parent, name);
    }
  }
  if (!S_ISLNK(type) && mutate("fchmodat", [&] { return ::fchmodat(fd, name.c_str(), owner.mode, AT_SYMLINK_NOFOLLOW); }) != 0) {
    return writer_error("change mode", parent, name);
  }
  const auto both = both_times(time);
  if (times == SetTimes::Yes &&
      mutate("utimensat", [&] { return ::utimensat(fd, name.c_str(), both.data(), AT_SYMLINK_NOFOLLOW); }) != 0) {
    return writer_error("set time of", parent, name);
  }
  return {};
}

}  // namespace dfsck

// Owners, modes, extended attributes and times of one object, itself and never what it links to.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>

#include "core/base/escape.h"
#include "core/base/patient_calls.h"
#include "core/fs/mutation.h"
#include "core/fs/writer.h"
#include "core/fs/writer_error.h"

namespace dfsck {
namespace {

constexpr const char* kCapability = "security.capability";

// There is no setxattrat before Linux 6.13: the directory's entry under /proc/self/fd stands in for its descriptor.
std::string proc_path(const Dir& parent, const std::string& name) {
  return "/proc/self/fd/" + std::to_string(parent.fd()) + "/" + name;
}

std::optional<std::string> capability_of(const Dir& parent, const std::string& name) {
  std::array<char, 256> value{};
  const ssize_t size = patient::lgetxattr(proc_path(parent, name).c_str(), kCapability, value.data(), value.size());
  return size >= 0 ? std::optional(std::string(value.data(), static_cast<size_t>(size))) : std::nullopt;
}

std::array<timespec, 2> only_mtime(FileTime time) {
  std::array<timespec, 2> times{};
  times[0].tv_nsec = UTIME_OMIT;
  times[1].tv_sec = time.seconds;
  times[1].tv_nsec = time.nanoseconds;
  return times;
}

}  // namespace

Result<void> set_owner_mode(const Dir& parent, const std::string& name, const OwnerMode& wanted) {
  Result<FileStat> now = parent.stat(name);
  if (!now) {
    return now.error();
  }
  const std::optional<std::string> capability = now->is_file() ? capability_of(parent, name) : std::nullopt;
  if (now->uid != wanted.uid || now->gid != wanted.gid) {
    if (mutate("fchownat", [&] {
          return ::fchownat(parent.fd(), name.c_str(), wanted.uid, wanted.gid, AT_SYMLINK_NOFOLLOW);
        }) != 0) {
      return writer_error("change owner", parent, name);
    }
    now = parent.stat(name);  // without setuid and setgid, maybe
    if (!now) {
      return now.error();
    }
  }
  if (!now->is_symlink() && (now->mode & 07777U) != wanted.mode &&
      mutate("fchmodat", [&] { return ::fchmodat(parent.fd(), name.c_str(), wanted.mode, AT_SYMLINK_NOFOLLOW); }) !=
          0) {
    return writer_error("change mode", parent, name);
  }
  if (capability && capability_of(parent, name) != capability) {
    return set_attribute(parent, name, kCapability, capability);
  }
  return {};
}

Result<void> set_attribute(const Dir& parent, const std::string& name, const std::string& key,
                           const std::optional<std::string>& value) {
  const std::string path = proc_path(parent, name);
  const int failed =
      value
          ? mutate("lsetxattr", [&] { return ::lsetxattr(path.c_str(), key.c_str(), value->data(), value->size(), 0); })
          : mutate("lremovexattr", [&] { return ::lremovexattr(path.c_str(), key.c_str()); });
  if (failed != 0 && (value || errno != ENODATA)) {
    return writer_error("set attribute " + escaped(key) + " of", parent, name);
  }
  return {};
}

Result<void> set_mtime(const Dir& parent, const std::string& name, FileTime time) {
  const auto times = only_mtime(time);
  if (mutate("utimensat", [&] { return ::utimensat(parent.fd(), name.c_str(), times.data(), AT_SYMLINK_NOFOLLOW); }) !=
      0) {
    return writer_error("set time of", parent, name);
  }
  return {};
}

Result<void> set_mtime_of(const Dir& directory, FileTime time) {
  const auto times = only_mtime(time);
  if (mutate("futimens", [&] { return ::futimens(directory.fd(), times.data()); }) != 0) {
    return sys_error("set time of", directory.where());
  }
  return {};
}

}  // namespace dfsck

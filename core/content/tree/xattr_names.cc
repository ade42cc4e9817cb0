// Attributes by descriptor where there is one, else by listxattrat (Linux 6.13), else through /proc.
#include "core/content/tree/xattr_names.h"

#include <linux/capability.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>

#include "core/base/patient_calls.h"
#include "core/base/proc_path.h"
#include "core/fs/fd.h"

namespace dfsck {
namespace {

constexpr size_t kMaxList = 64 * 1024;   // XATTR_LIST_MAX
constexpr size_t kMaxValue = 64 * 1024;  // XATTR_SIZE_MAX
constexpr int kNoFollow = 0x100;         // AT_SYMLINK_NOFOLLOW

// /proc/self/fd leads through the open directory and follows no link at its end (llistxattr), but costs a walk through
// procfs; one call each is what the others need.
ssize_t list(const ObjectPlace& place, char* names, size_t size) {
  if (place.open_fd >= 0) {
    return patient::flistxattr(place.open_fd, names, size);
  }
  // As with openat2: ENOSYS is for good, EPERM may be about this one object.
  static std::atomic<bool> unknown{false};
  if (!unknown.load(std::memory_order_relaxed)) {
    const ssize_t got = patient::listxattrat(place.dir, place.name, kNoFollow, names, size);
    if (got >= 0 || (errno != ENOSYS && errno != EPERM)) {
      return got;
    }
    unknown.store(errno == ENOSYS, std::memory_order_relaxed);
  }
  return patient::llistxattr(proc_path(place.dir, place.name).c_str(), names, size);
}

}  // namespace

int XattrNames::read(const ObjectPlace& place) {
  large_.clear();
  size_ = 0;
  ssize_t got = list(place, small_.data(), small_.size());
  if (got < 0 && errno == ERANGE) {
    large_.resize(kMaxList);
    got = list(place, large_.data(), large_.size());
  }
  if (got < 0) {
    return errno == ENOTSUP ? 0 : errno;
  }
  size_ = static_cast<size_t>(got);
  return 0;
}

bool XattrNames::contains(std::string_view wanted) const {
  bool found = false;
  each([&](std::string_view name) { found = found || name == wanted; });
  return found;
}

std::optional<std::string> read_xattr(const ObjectPlace& place, const std::string& name) {
  const auto get = [&](char* value, size_t size) {
    return place.open_fd >= 0 ? patient::fgetxattr(place.open_fd, name.c_str(), value, size)
                              : patient::lgetxattr(proc_path(place.dir, place.name).c_str(), name.c_str(), value, size);
  };
  std::string value(256, '\0');
  ssize_t got = get(value.data(), value.size());
  if (got < 0 && errno == ERANGE) {
    value.resize(kMaxValue);
    got = get(value.data(), value.size());
  }
  if (got < 0) {
    return std::nullopt;
  }
  value.resize(static_cast<size_t>(got));
  return value;
}

// The kernel says to those who may not see such attributes that there is none, even of what can have no attributes.
bool sees_trusted_xattrs() {
  // Asked of an eventfd, which has no attributes: to those who may not see trusted.* the kernel says ENODATA before it
  // looks, to others that such a thing has none at all.
  static const bool sees = [] {
    const Fd bare(::eventfd(0, EFD_CLOEXEC));
    return !bare || patient::fgetxattr(bare.get(), "trusted.overlay.opaque", nullptr, 0) >= 0 || errno != ENODATA;
  }();
  return sees;
}

bool has_sys_admin() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, 2> sets{};
  constexpr uint32_t kSysAdmin = 1U << CAP_SYS_ADMIN;
  return ::syscall(SYS_capget, &header, sets.data()) == 0 && (sets[0].effective & kSysAdmin) != 0;
}

}  // namespace dfsck

// EPERM for root nearly always means chattr(1): worth one statx when a call has failed anyway.
#include "core/fs/write/error.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

#include "core/base/errno_class.h"
#include "core/base/escape.h"
#include "core/base/patient_calls.h"
#include "core/fs/host.h"

namespace dfsck {
namespace {

bool is_immutable(int parent, const char* name) {
  struct ::statx info {};
  return patient::statx(parent, name, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH, STATX_BASIC_STATS, &info) == 0 &&
         (info.stx_attributes & (STATX_ATTR_IMMUTABLE | STATX_ATTR_APPEND)) != 0;
}

}  // namespace

std::string member_path(const Dir& parent, const std::string& name) {
  const bool top = parent.where().empty() || parent.where() == ".";
  return top ? escaped(name) : parent.where() + "/" + escaped(name);
}

Result<void> outcome(int code, std::string_view call, const std::string& where) {
  if (code == 0) {
    return {};
  }
  errno = code;
  return sys_error(call, where);
}

Result<void> outcome(int code, std::string_view call, const Dir& parent, const std::string& name) {
  if (code == 0) {
    return {};
  }
  errno = code;
  Error error = sys_error(call, member_path(parent, name));
  if (code == EPERM && (is_immutable(parent.fd(), name.c_str()) || is_immutable(parent.fd(), ""))) {
    error.detail = "it or its directory is immutable or append-only (lsattr shows it, chattr -i or -a ends it)";
  } else if (is_refusal(code) && !knows_all_ids()) {
    error.detail = "its owner may not be known in this user namespace: run it on the host";
  }
  if (code == EXDEV) {
    error.detail = "it lies on another filesystem than the root";
  }
  return error;
}

}  // namespace dfsck

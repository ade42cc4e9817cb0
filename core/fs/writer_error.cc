// EPERM for root nearly always means chattr(1): worth one statx when a call has failed anyway.
#include "core/fs/writer_error.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "core/base/escape.h"

namespace dfsck {
namespace {

bool is_immutable(int parent, const char* name) {
  struct ::statx info {};
  return ::statx(parent, name, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH, STATX_BASIC_STATS, &info) == 0 &&
         (info.stx_attributes & (STATX_ATTR_IMMUTABLE | STATX_ATTR_APPEND)) != 0;
}

}  // namespace

std::string member_path(const Dir& parent, const std::string& name) {
  const bool top = parent.where().empty() || parent.where() == ".";
  return top ? escaped(name) : parent.where() + "/" + escaped(name);
}

Error writer_error(std::string_view call, const Dir& parent, const std::string& name) {
  Error error = sys_error(call, member_path(parent, name));
  if (error.code == EPERM && (is_immutable(parent.fd(), name.c_str()) || is_immutable(parent.fd(), ""))) {
    error.detail = "it or its directory is immutable or append-only (see lsattr and chattr)";
  }
  if (error.code == EXDEV) {
    error.detail = "it lies on another filesystem than the root";
  }
  return error;
}

}  // namespace dfsck

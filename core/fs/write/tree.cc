// Owner, attributes, mode, times.
#include "core/fs/write/tree.h"

#include <sys/stat.h>

#include <cerrno>

#include "core/base/escape.h"
#include "core/fs/write/calls.h"
#include "core/fs/write/error.h"

namespace dfsck {
namespace {

// 0, or the errno of the first failure with the name of what failed. No time: it stays.
int dress(ObjectAt object, bool has_mode, const OwnerMode& owner, const Attributes& attributes,
          const std::optional<FileTime>& time, std::string& failed) {
  failed = "change owner";
  int code = set_owner(object, owner.uid, owner.gid);
  for (auto attribute = attributes.begin(); attribute != attributes.end() && code == 0; ++attribute) {
    code = set_xattr(object, attribute->first.c_str(), attribute->second);
    if (code == ENOTSUP || code == EPERM) {
      code = 0;
    } else if (code != 0) {
      failed = "set attribute " + escaped(attribute->first) + " of";
    }
  }
  if (code == 0 && has_mode) {
    failed = "change mode";
    code = set_mode(object, owner.mode);
  }
  if (code == 0 && time) {
    failed = "set time of";
    code = set_times(object, *time, *time);
  }
  return code;
}

}  // namespace

Result<void> dress_file(int fd, const OwnerMode& owner, const Attributes& attributes, FileTime time,
                        const std::string& where) {
  std::string failed;
  const int code = dress({fd}, true, owner, attributes, time, failed);
  return outcome(code, failed, where);
}

Result<void> dress_object(const Dir& parent, const std::string& name, uint32_t type, const OwnerMode& owner,
                          const Attributes& attributes, FileTime time, SetTimes times) {
  std::string failed;
  const std::optional<FileTime> wanted = times == SetTimes::Yes ? std::optional(time) : std::nullopt;
  const int code = dress({parent.fd(), name.c_str()}, !S_ISLNK(type), owner, attributes, wanted, failed);
  return outcome(code, failed, parent, name);
}

}  // namespace dfsck

// Owners, modes, extended attributes and times of one object of a root, itself and never what it links to.
#include <array>
#include <cerrno>

#include "core/base/escape.h"
#include "core/base/patient_calls.h"
#include "core/base/proc_path.h"
#include "core/base/try.h"
#include "core/fs/write/calls.h"
#include "core/fs/write/error.h"
#include "core/fs/write/writer.h"

namespace dfsck {
namespace {

constexpr const char* kCapability = "security.capability";

std::optional<std::string> capability_of(const Dir& parent, const std::string& name) {
  std::array<char, 256> value{};
  const ssize_t size =
      patient::lgetxattr(proc_path(parent.fd(), name).c_str(), kCapability, value.data(), value.size());
  return size >= 0 ? std::optional(std::string(value.data(), static_cast<size_t>(size))) : std::nullopt;
}

}  // namespace

Result<void> set_owner_mode(const Dir& parent, const std::string& name, const OwnerMode& wanted) {
  const ObjectAt object{parent.fd(), name.c_str()};
  Result<FileStat> now = parent.stat(name);
  TRY(now);
  const std::optional<std::string> capability = now->is_file() ? capability_of(parent, name) : std::nullopt;
  if (now->uid != wanted.uid || now->gid != wanted.gid) {
    const int code = set_owner(object, wanted.uid, wanted.gid);
    TRY(outcome(code, "change owner", parent, name));
    now = parent.stat(name);  // without setuid and setgid, maybe
    TRY(now);
  }
  if (!now->is_symlink() && (now->mode & 07777U) != wanted.mode) {
    const int code = set_mode(object, wanted.mode);
    TRY(outcome(code, "change mode", parent, name));
  }
  if (capability && capability_of(parent, name) != capability) {
    return set_attribute(parent, name, kCapability, capability);
  }
  return {};
}

Result<void> set_attribute(const Dir& parent, const std::string& name, const std::string& key,
                           const std::optional<std::string>& value) {
  const int code = set_xattr({parent.fd(), name.c_str()}, key.c_str(), value);
  const bool is_gone = !value && code == ENODATA;
  return outcome(is_gone ? 0 : code, "set attribute " + escaped(key) + " of", parent, name);
}

Result<void> set_mtime(const Dir& parent, const std::string& name, FileTime time) {
  return outcome(set_times({parent.fd(), name.c_str()}, std::nullopt, time), "set time of", parent, name);
}

Result<void> set_mtime_of(const Dir& directory, FileTime time) {
  return outcome(set_times({directory.fd()}, std::nullopt, time), "set time of", directory.where());
}

}  // namespace dfsck

// containers/fuse-overlayfs main.c:override_mode, write_permission_xattr.
#include "core/codec/override_stat.h"

#include <algorithm>

#include "core/base/text.h"

namespace dfsck {
namespace {

constexpr uint32_t kPermissions = 07777;

// Some writers put the type of the file into the mode as well; the permissions are what counts here.
std::optional<uint32_t> parse_octal(std::string_view text) {
  constexpr size_t kMaxDigits = 7;  // with a file type in front
  uint32_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '7') {
      return std::nullopt;
    }
    value = value * 8 + static_cast<uint32_t>(c - '0');
  }
  return text.empty() || text.size() > kMaxDigits ? std::nullopt : std::optional(value & kPermissions);
}

}  // namespace

std::string OverrideStat::text() const {
  return std::to_string(uid) + ":" + std::to_string(gid) + ":" + octal(mode) + type;
}

std::optional<OverrideStat> parse_override_stat(std::string_view value) {
  const std::vector<std::string_view> parts = split(value, ':');
  if (parts.size() < 3) {
    return std::nullopt;
  }
  const auto uid = parse_uint64(parts[0]);
  const auto gid = parse_uint64(parts[1]);
  const auto mode = parse_octal(parts[2]);
  if (!uid || !gid || !mode || *uid > UINT32_MAX || *gid > UINT32_MAX) {
    return std::nullopt;
  }
  // What follows the mode is kept as it is, so that a value written back says no less.
  const size_t used = parts[0].size() + parts[1].size() + parts[2].size() + 2;
  return OverrideStat{static_cast<uint32_t>(*uid), static_cast<uint32_t>(*gid), *mode, std::string(value.substr(used))};
}

bool is_override_xattr(std::string_view name) {
  return std::find(kOverrideXattrs.begin(), kOverrideXattrs.end(), name) != kOverrideXattrs.end();
}

}  // namespace dfsck

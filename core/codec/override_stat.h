// The attribute in which fuse-overlayfs keeps the owner and mode of an object where it may not set them:
// "uid:gid:mode", with a type behind it in newer versions. The ids are those that containers see.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace dfsck {

inline constexpr std::array<const char*, 2> kOverrideXattrs{"user.containers.override_stat",
                                                            "user.fuseoverlayfs.override_stat"};

struct OverrideStat {
  uint32_t uid = 0;
  uint32_t gid = 0;
  uint32_t mode = 0;  // permission bits
  std::string type;   // verbatim, with its colon: ":dir"; empty if there is none

  std::string text() const;
};

// Nothing where the value makes no sense; fuse-overlayfs then ignores it, too.
std::optional<OverrideStat> parse_override_stat(std::string_view value);
bool is_override_xattr(std::string_view name);

}  // namespace dfsck

// An access list as the kernel gives and takes it: the value of system.posix_acl_access and system.posix_acl_default.
//
// In a tar header the ids in it are those that the daemon sees, which the kernel translates for a daemon in a user
// namespace, as it does with owners.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/id_map.h"

namespace dfsck {

inline constexpr std::string_view kAccessAcl = "system.posix_acl_access";

struct PosixAcl {
  struct Entry {
    uint16_t tag = 0;
    uint16_t permissions = 0;
    uint32_t id = 0;  // of a named user or group

    bool is_user() const;
    bool is_group() const;
    friend auto operator<=>(const Entry&, const Entry&) = default;
  };
  std::vector<Entry> entries;

  // The entries of named users and groups, sorted: what chmod does not change.
  std::vector<Entry> named() const;
  // It says no more than a mode does. The kernel makes it the file's mode and keeps no access list.
  bool is_mode_alone() const;
  // With ids as on disk; nothing where somebody in it has none.
  std::optional<PosixAcl> on_disk(const IdMapping& map) const;
  std::string value() const;
};

// Nothing where the value makes no sense; the kernel refuses it then.
std::optional<PosixAcl> parse_posix_acl(std::string_view value);
bool is_posix_acl(std::string_view name);

}  // namespace dfsck

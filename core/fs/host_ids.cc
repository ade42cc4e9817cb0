// Small tables of text, a record a line. Lines that make no sense are skipped, as the tools of the shadow suite do.
#include "core/fs/host_ids.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <map>
#include <string>

#include "core/base/text.h"
#include "core/fs/root.h"

namespace dfsck {
namespace {

constexpr size_t kIdsFileLimit = 4U << 20;
// UID_GID_MAP_MAX_EXTENTS in the kernel's include/linux/user_namespace.h.
constexpr size_t kMaxRanges = 340;  // of one namespace: the kernel takes no more

std::string read_text(const char* path) {
  const Fd fd(::open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY));
  Result<std::string> text = fd ? read_all(fd.get(), kIdsFileLimit, path) : Result<std::string>("");
  return text ? std::move(*text) : std::string();
}

std::optional<uint32_t> parse_id(std::string_view text) {
  const std::optional<uint64_t> id = parse_uint64(text);
  return id && *id < IdMap::kAllIds ? std::optional(static_cast<uint32_t>(*id)) : std::nullopt;
}

// A setting of the kernel: it gives its value to the first read alone, as far as that goes.
std::optional<uint32_t> read_setting(const char* path) {
  const Fd fd(::open(path, O_RDONLY | O_CLOEXEC));
  std::array<char, 32> text{};
  const ssize_t got = fd ? ::read(fd.get(), text.data(), text.size()) : -1;
  return parse_id(trimmed(std::string_view(text.data(), got > 0 ? static_cast<size_t>(got) : 0)));
}

std::map<std::string_view, uint32_t> ids_by_name(std::string_view passwd) {
  std::map<std::string_view, uint32_t> ids;
  for (const std::string_view line : split(passwd, '\n')) {
    const std::vector<std::string_view> fields = split(line, ':');
    if (const auto id = fields.size() > 2 ? parse_id(fields[2]) : std::nullopt; id) {
      // The first of two entries with one name counts, as getpwnam(3) finds it.
      ids.try_emplace(fields[0], *id);
    }
  }
  return ids;
}

}  // namespace

IdMap visible_ids(std::string_view uid_map) {
  std::vector<IdRange> ranges;
  for (const std::string_view line : split(uid_map, '\n')) {
    std::vector<std::string_view> fields = split(line, ' ');
    std::erase_if(fields, [](std::string_view field) { return field.empty(); });
    if (fields.size() != 3) {
      continue;
    }
    const auto inside = parse_id(fields[0]);
    const auto count = parse_uint64(fields[2]);
    if (inside && count && ranges.size() < kMaxRanges) {
      ranges.push_back({*inside, *inside, *count});
    }
  }
  return IdMap::of(std::move(ranges)).value_or(IdMap());
}

std::vector<SubordinateIds> parse_subordinate_ids(std::string_view text, std::string_view passwd) {
  const std::map<std::string_view, uint32_t> names = ids_by_name(passwd);
  std::vector<SubordinateIds> all;
  for (const std::string_view line : split(text, '\n')) {
    const std::vector<std::string_view> fields = split(line, ':');
    if (fields.size() != 3) {
      continue;
    }
    const auto first = parse_id(fields[1]);
    const auto count = parse_uint64(fields[2]);
    const auto name = names.find(fields[0]);
    // A line may name its owner by name or by number; a name wins, also one that consists of digits.
    const std::optional<uint32_t> owner = name != names.end() ? std::optional(name->second) : parse_id(fields[0]);
    if (!first || !count || !owner || *count == 0) {
      continue;
    }
    auto known = std::find_if(all.begin(), all.end(), [&](const SubordinateIds& ids) { return ids.owner == *owner; });
    if (known == all.end()) {
      known = all.insert(all.end(), SubordinateIds{*owner, {}});
    }
    if (known->ranges.size() < kMaxRanges) {
      // In the order of the file: the daemon joins a user's ranges in that order to map container ids piece by piece,
      // so another order is another map.
      known->ranges.push_back({*first, *count});
    }
  }
  return all;
}

HostIds read_host_ids() {
  HostIds ids;
  // What a namespace does not map shows as the overflow id, and chown to it fails: owners that are not visible here can
  // neither be read nor put right.
  ids.visible = {visible_ids(read_text("/proc/self/uid_map")), visible_ids(read_text("/proc/self/gid_map"))};
  ids.in_namespace = ids.visible.users != IdMap() || ids.visible.groups != IdMap();
  ids.no_user = read_setting("/proc/sys/kernel/overflowuid").value_or(ids.no_user);
  ids.no_group = read_setting("/proc/sys/kernel/overflowgid").value_or(ids.no_group);
  const std::string passwd = read_text("/etc/passwd");
  ids.users = parse_subordinate_ids(read_text("/etc/subuid"), passwd);
  ids.groups = parse_subordinate_ids(read_text("/etc/subgid"), passwd);
  return ids;
}

}  // namespace dfsck

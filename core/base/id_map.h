// Which user or group of a container is which on disk.
//
// Where a daemon runs in a user namespace, or gives one to its containers, ids are kept in ranges: 0 to 65535 are
// 100000 to 165535, say, or 0 is the user 1000 and all others lie in a range of their own.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace dfsck {

struct IdRange {
  uint32_t container = 0;  // the first id as containers see it
  uint32_t host = 0;       // the same on disk
  uint64_t count = 0;
  friend bool operator==(const IdRange&, const IdRange&) = default;
};

// A one-to-one map. Default: every id is itself.
class IdMap {
 public:
  IdMap() : IdMap(std::vector<IdRange>{{0, 0, kAllIds}}) {}
  // 0 to count - 1, moved up by `base` as far as there are ids.
  static IdMap shifted(uint32_t base, uint64_t count);
  // Nothing where two ranges overlap on either side, or leave the ids that there are. Ranges that continue each other
  // become one.
  static std::optional<IdMap> of(std::vector<IdRange> ranges);

  std::optional<uint32_t> to_host(uint64_t container) const;
  std::optional<uint32_t> to_container(uint64_t host) const;
  // Each id that it has is itself.
  bool is_identity() const;
  const std::vector<IdRange>& ranges() const { return ranges_; }
  // For people: "shifted by 100000", "0 is 1000, 1 to 65536 are 100000 to 165535".
  std::string text() const;

  friend bool operator==(const IdMap&, const IdMap&) = default;

  static constexpr uint64_t kAllIds = UINT32_MAX;  // the last one means "none" to the kernel

 private:
  explicit IdMap(std::vector<IdRange> ranges) : ranges_(std::move(ranges)) {}

  std::vector<IdRange> ranges_;  // by rising container id
};

struct IdMapping {
  IdMap users;
  IdMap groups;
  bool is_identity() const { return users.is_identity() && groups.is_identity(); }
  friend bool operator==(const IdMapping&, const IdMapping&) = default;
};

}  // namespace dfsck

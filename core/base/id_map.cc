// Ranges of ids: few, sorted, and searched one after the other.
#include "core/base/id_map.h"

#include <algorithm>

#include "core/base/text.h"

namespace dfsck {
namespace {

// In 64 bits, because the end of a range that uses all ids does not fit into 32.
bool fits(uint32_t first, uint64_t count) { return count > 0 && uint64_t{first} + count <= IdMap::kAllIds; }

bool overlap(uint32_t a, uint64_t a_count, uint32_t b, uint64_t b_count) {
  return a < uint64_t{b} + b_count && b < uint64_t{a} + a_count;
}

std::string range_text(const IdRange& range) {
  const auto span = [&](uint32_t first) {
    return std::to_string(first) +
           (range.count > 1 ? " to " + std::to_string(uint64_t{first} + range.count - 1) : std::string());
  };
  return span(range.container) + (range.count > 1 ? " are " : " is ") + span(range.host);
}

}  // namespace

IdMap IdMap::shifted(uint32_t base, uint64_t count) { return IdMap({{0, base, std::min(count, kAllIds - base)}}); }

// A map that is not one-to-one could be read but not written back: two container ids on one host id would come out of
// to_container as the first of them, and a repair would give a file to somebody else.
std::optional<IdMap> IdMap::of(std::vector<IdRange> ranges) {
  std::sort(ranges.begin(), ranges.end(), [](const IdRange& a, const IdRange& b) { return a.container < b.container; });
  std::vector<IdRange> joined;
  for (const IdRange& range : ranges) {
    if (!fits(range.container, range.count) || !fits(range.host, range.count)) {
      return std::nullopt;
    }
    for (const IdRange& other : joined) {
      if (overlap(range.container, range.count, other.container, other.count) ||
          overlap(range.host, range.count, other.host, other.count)) {
        return std::nullopt;
      }
    }
    // /etc/subuid may cut one range into several lines, and /proc/self/uid_map may join them; joined ranges compare
    // equal.
    const bool continues = !joined.empty() && joined.back().container + joined.back().count == range.container &&
                           joined.back().host + joined.back().count == range.host;
    if (continues) {
      joined.back().count += range.count;
    } else {
      joined.push_back(range);
    }
  }
  return joined.empty() ? std::nullopt : std::optional(IdMap(std::move(joined)));
}

std::optional<uint32_t> IdMap::to_host(uint64_t container) const {
  for (const IdRange& range : ranges_) {
    if (container >= range.container && container - range.container < range.count) {
      return static_cast<uint32_t>(container - range.container + range.host);
    }
  }
  return std::nullopt;
}

std::optional<uint32_t> IdMap::to_container(uint64_t host) const {
  for (const IdRange& range : ranges_) {
    if (host >= range.host && host - range.host < range.count) {
      return static_cast<uint32_t>(host - range.host + range.container);
    }
  }
  return std::nullopt;
}

bool IdMap::is_identity() const {
  return std::all_of(ranges_.begin(), ranges_.end(),
                     [](const IdRange& range) { return range.container == range.host; });
}

std::string IdMap::text() const {
  if (ranges_.size() == 1 && ranges_.front().container == 0) {
    return "shifted by " + std::to_string(ranges_.front().host);
  }
  return joined(ranges_, ", ", range_text);
}

}  // namespace dfsck

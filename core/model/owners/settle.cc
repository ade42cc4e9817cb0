// Which map explains the owners of a root: those that are likely from what is around are tried on the files of layers,
// and the first that fits is it. Where none fits, owners are said to be unknown: a root in which "all" owners are wrong
// is another kind of root, or one that somebody changed as a whole.
#include <algorithm>
#include <map>

#include "core/model/owners/evidence.h"

namespace dfsck {
namespace {

using Pair = OwnerEvidence::Pair;

// What useradd(8) gives to a user in /etc/subuid.
constexpr uint64_t kUsualCount = 65536;        // of ids in a user namespace
constexpr uint32_t kFirstSubordinate = 65536;  // below are users of the host itself
// Fewer files than that prove nothing against a map that is usual anyhow.
constexpr size_t kFewPairs = 4;

// The commonest of some values; of equally common ones the least.
template <typename Value>
std::optional<std::pair<Value, size_t>> commonest(const std::vector<Value>& values) {
  std::map<Value, size_t> counts;
  for (const Value& value : values) {
    ++counts[value];
  }
  const auto most =
      std::max_element(counts.begin(), counts.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  return most == counts.end() ? std::nullopt : std::optional(std::pair(most->first, most->second));
}

bool is_most(size_t some, size_t all) { return some * 2 > all; }

// Users or groups of one root.
struct Side {
  std::vector<uint32_t> things;  // owners of what the daemon made for itself
  std::optional<uint32_t> name;
  std::vector<Pair> pairs;
  const std::vector<SubordinateIds>& subordinate;
  const IdMap& visible;
  std::optional<uint32_t> hidden_as;  // what ids that cannot be seen from here look like
};

struct Settled {
  IdMap containers;
  IdMap daemon;
  uint32_t zero = 0;  // where the daemon's own 0 lies
  bool by_name = false;
  bool by_ranges = false;  // of /etc/subuid
  bool by_layers = false;  // no other evidence
  std::string doubt;
};

// Users and groups are settled apart by the same steps, from the strongest evidence to the weakest. A candidate only
// counts if it explains the files: names, ranges and owners of directories can all be left over from another life of
// the root.
class Settler {
 public:
  // `owner`: the user to whom ranges are given if 0 is no part of them.
  Settler(Side side, std::optional<uint32_t> owner) : side_(std::move(side)), owner_(owner) {}

  Settled run() {
    const auto zero = commonest(side_.things);
    settled_.zero = zero ? zero->first : 0;
    if (sees_nothing()) {
      // All ids that a namespace does not have look like one: nothing can be told from that, and nothing is wrong
      // with the root.
      settled_.doubt = "they are outside of this user namespace; a check on the host sees them";
      return std::move(settled_);
    }
    const std::optional<IdMap> likely = likely_map();
    settled_.daemon = likely.value_or(IdMap::of({{0, settled_.zero, 1}}).value_or(IdMap()));
    const bool found = try_name() || (likely && try_map(*likely)) || try_vote() || try_zero_alone();
    if (!found) {
      settled_.doubt = doubt();
    } else if (settled_.zero != 0 && !settled_.by_name) {
      settled_.daemon = settled_.containers;
    }
    return std::move(settled_);
  }

 private:
  // A pair whose owner is hidden says nothing for or against a map, and is left out.
  bool sees_nothing() {
    const size_t all = side_.pairs.size();
    std::erase_if(side_.pairs,
                  [&](const Pair& pair) { return side_.hidden_as == pair.disk && pair.container != pair.disk; });
    return (side_.hidden_as == settled_.zero && !side_.things.empty()) || is_most(all - side_.pairs.size(), all);
  }

  bool try_name() {
    if (!side_.name) {
      return false;
    }
    // The name is what the daemon saw, which may be in a namespace itself.
    const std::optional<uint32_t> base = settled_.daemon.to_host(*side_.name);
    settled_.by_name = (base && try_map(shift(*base))) || try_map(shift(*side_.name));
    return settled_.by_name;
  }

  bool try_map(const IdMap& map) {
    if (!explains(map)) {
      return false;
    }
    settled_.containers = map;
    return true;
  }

  // What the layers' files themselves say.
  bool try_vote() {
    const std::optional<IdMap> map = voted_map();
    settled_.by_layers = map && try_map(*map);
    settled_.by_ranges = settled_.by_ranges && !settled_.by_layers;
    return settled_.by_layers;
  }

  // Of a rootless daemon whose ranges are not known, nothing but its root is.
  bool try_zero_alone() {
    const auto map = IdMap::of({{0, settled_.zero, 1}});
    return settled_.zero != 0 && settled_.zero < kFirstSubordinate && map && try_map(*map);
  }

  // By what the daemon made for itself; nothing where that tells of no more than its root.
  std::optional<IdMap> likely_map() {
    if (settled_.zero == 0) {
      return side_.visible;
    }
    const std::optional<IdMap> map = settled_.zero < kFirstSubordinate ? rootless_map() : shift(settled_.zero);
    settled_.by_ranges = settled_.by_ranges || (map && settled_.zero < kFirstSubordinate);
    return map;
  }

  // 0 is the user, and behind it come all ranges that the user has (rootlesskit, newuidmap).
  // In the order in which /etc/subuid lists them, since newuidmap(1) is called with them one behind the other.
  std::optional<IdMap> rootless_map() const {
    const uint32_t owner = owner_.value_or(settled_.zero);
    const auto ids = std::find_if(side_.subordinate.begin(), side_.subordinate.end(),
                                  [&](const SubordinateIds& each) { return each.owner == owner; });
    if (ids == side_.subordinate.end()) {
      return std::nullopt;
    }
    std::vector<IdRange> ranges{{0, settled_.zero, 1}};
    uint64_t next = 1;
    for (const auto& range : ids->ranges) {
      if (next >= IdMap::kAllIds) {
        break;
      }
      ranges.push_back({static_cast<uint32_t>(next), range.first, range.count});
      next += range.count;
    }
    return IdMap::of(std::move(ranges));
  }

  // As far as a range goes that begins there; else as far as such ranges usually go, and as files need it.
  IdMap shift(uint32_t base) {
    for (const SubordinateIds& ids : side_.subordinate) {
      for (const auto& range : ids.ranges) {
        if (range.first == base) {
          settled_.by_ranges = true;
          return IdMap::shifted(base, range.count);
        }
      }
    }
    uint64_t count = kUsualCount;
    const bool all = std::all_of(side_.pairs.begin(), side_.pairs.end(), [&](const Pair& pair) {
      return pair.container < kUsualCount || pair.container + base == pair.disk;
    });
    for (const Pair& pair : side_.pairs) {
      count = all ? std::max(count, pair.container + 1) : count;
    }
    return IdMap::shifted(base, count);
  }

  std::optional<IdMap> voted_map() {
    std::vector<uint32_t> roots;
    std::vector<int64_t> distances;
    for (const Pair& pair : side_.pairs) {
      if (pair.container == 0) {
        roots.push_back(pair.disk);
      } else if (pair.container < IdMap::kAllIds) {
        distances.push_back(int64_t{pair.disk} - static_cast<int64_t>(pair.container));
      }
    }
    const auto root = commonest(roots);
    const uint32_t zero = root && is_nearly_all(root->second, roots.size()) ? root->first : settled_.zero;
    // A daemon of the host gives files away to subordinate ids, never to a user.
    if (zero != settled_.zero && zero < kFirstSubordinate) {
      return std::nullopt;
    }
    const auto distance = commonest(distances);
    if (!distance) {
      return zero >= kFirstSubordinate ? std::optional(shift(zero)) : std::nullopt;
    }
    const int64_t second = distance->first + 1;
    if (!is_nearly_all(distance->second, distances.size()) || second <= 0 || second > int64_t{UINT32_MAX}) {
      return std::nullopt;
    }
    return distance->first == zero ? shift(zero)
                                   : IdMap::of({{0, zero, 1}, {1, static_cast<uint32_t>(second), kUsualCount}});
  }

  // Most, not all: some files have been changed since by hand, and those are what a check is to find. Both root's
  // files and others' must fit by themselves, since either kind may be the only one that tells two maps apart.
  bool explains(const IdMap& map) const {
    size_t roots = 0, right_roots = 0, others = 0, right_others = 0, roots_now = 0;
    const std::optional<uint32_t> zero = map.to_host(0);
    for (const Pair& pair : side_.pairs) {
      const std::optional<uint32_t> expected = map.to_host(pair.container);
      if (pair.container == 0) {
        ++roots;
        right_roots += expected == pair.disk ? 1 : 0;
      } else if (expected == pair.disk) {
        ++others;
        ++right_others;
      } else if (zero == pair.disk ? !map.is_identity() : expected.has_value()) {
        ++others;  // (everything root's: what a copy without owners leaves of an ordinary root, and of no other)
        roots_now += zero == pair.disk ? 1 : 0;
      }
    }
    const bool is_usual = map.is_identity() || (map.ranges().size() == 1 && *zero >= kFirstSubordinate &&
                                                map.ranges().front().count >= kUsualCount);
    const size_t few = is_usual ? kFewPairs : 1;
    const bool is_one_owner = others > 1 && roots_now == others && !map.is_identity();
    return !is_one_owner && (roots < few || is_most(right_roots, roots)) &&
           (others < few || is_most(right_others, others));
  }

  // Numbers of what was seen, so that a person can tell which map is meant.
  std::string doubt() const {
    std::map<uint32_t, size_t> counts;
    for (const Pair& pair : side_.pairs) {
      counts[pair.disk] += pair.container == 0 ? 1 : 0;
    }
    std::vector<std::pair<size_t, uint32_t>> owners;
    for (const auto& [id, count] : counts) {
      if (count > 0) {
        owners.emplace_back(count, id);
      }
    }
    std::sort(owners.rbegin(), owners.rend());
    std::string text = "what the daemon made for itself belongs to " + std::to_string(settled_.zero);
    for (size_t i = 0; i < owners.size() && i < 3; ++i) {
      text += (i == 0 ? ", files of its containers' root to " : ", ") + std::to_string(owners[i].second);
    }
    return text + ", and no map of ids fits the files of layers";
  }

  Side side_;
  std::optional<uint32_t> owner_;
  Settled settled_;
};

std::optional<uint32_t> hidden_as(const HostIds& host, uint32_t id) {
  return host.in_namespace ? std::optional(id) : std::nullopt;
}

void name_evidence(const OwnerEvidence& evidence, const Settled& users, RootOwners& owners) {
  const auto add = [&](const std::string& what) {
    if (std::find(owners.known_by.begin(), owners.known_by.end(), what) == owners.known_by.end()) {
      owners.known_by.push_back(what);
    }
  };
  if (users.by_name) {
    add("the directory's name");
  }
  for (const OwnerEvidence::Thing& thing : evidence.daemon) {
    if (thing.uid == users.zero && users.zero != 0) {
      add(thing.what);
    }
  }
  if (users.by_ranges) {
    add("/etc/subuid");
  }
  if (users.by_layers || !evidence.users.empty()) {
    add("files of layers");
  }
}

}  // namespace

// Users first: whose ranges are to be taken for groups is told by the user.
RootOwners settle_owners(const OwnerEvidence& evidence) {
  Side users{{},
             {},
             evidence.users,
             evidence.host.users,
             evidence.host.visible.users,
             hidden_as(evidence.host, evidence.host.no_user)};
  Side groups{{},
              {},
              evidence.groups,
              evidence.host.groups,
              evidence.host.visible.groups,
              hidden_as(evidence.host, evidence.host.no_group)};
  if (evidence.name) {
    users.name = evidence.name->uid;
    groups.name = evidence.name->gid;
  }
  for (const OwnerEvidence::Thing& thing : evidence.daemon) {
    users.things.push_back(thing.uid);
    if (thing.gid) {
      groups.things.push_back(*thing.gid);
    }
  }
  const Settled user = Settler(std::move(users), std::nullopt).run();
  const Settled group = Settler(std::move(groups), user.zero).run();
  RootOwners owners;
  owners.containers = {user.containers, group.containers};
  owners.daemon = {user.daemon, group.daemon};
  // Owners can be changed as a whole afterwards, marks that only the host's root can set are of where the daemon ran.
  const bool marked_by_host = evidence.trusted_marks > evidence.user_marks;
  owners.in_namespace = (user.zero != 0 && !marked_by_host) || evidence.host.in_namespace;
  owners.doubt = user.doubt.empty() ? group.doubt : user.doubt;
  if (owners.doubt.empty()) {
    owners.doubt = contradiction(evidence);
  }
  owners.known = owners.doubt.empty();
  // No map at all is safer than a half-right one: checks then compare no owners and repairs set none.
  if (!owners.known) {
    owners.containers = {};
  }
  owners.by_name_alone = user.by_name && user.zero == 0;
  owners.hides_ids = evidence.host.in_namespace;
  owners.no_user = evidence.host.no_user;
  owners.no_group = evidence.host.no_group;
  name_evidence(evidence, user, owners);
  return owners;
}

// By the name of the directory that was opened, which for a remapped root is <uid>.<gid>.
void scan_owners(const Root& root, Model& model) {
  OwnerEvidence evidence;
  evidence.name = remap_ids(std::string_view(root.path()).substr(root.path().rfind('/') + 1));
  evidence.host = read_host_ids();
  find_daemon_things(root, model, evidence);
  if (model.driver_covered) {
    sample_layer_owners(root, model, evidence);
  }
  model.owners = settle_owners(evidence);
}

}  // namespace dfsck

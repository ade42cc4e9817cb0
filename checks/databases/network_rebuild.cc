// Networks by what libnetwork insists on when it starts: the network's record, its driver's record, its endpoint count
// (moby libnetwork/store.go:getNetworks, libnetwork/drivers/bridge/bridge_store.go:populateNetworks).
#include "checks/databases/network_rebuild.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <tuple>

#include "checks/databases/listed.h"
#include "core/base/escape.h"
#include "core/base/ids.h"
#include "core/base/text.h"
#include "core/model/records/network_records.h"

namespace dfsck {
namespace {

constexpr std::string_view kPrefix = "docker/network/v1.0/";
// Compared by the daemon only to see whether somebody else has written meanwhile: any number above zero loads.
constexpr size_t kIndex = 8;  // modification counter in front of every value, little-endian whatever the host

std::string count_value(const std::string* old) {
  const std::string index =
      old != nullptr && old->size() >= kIndex ? old->substr(0, kIndex) : std::string("\x01\0\0\0\0\0\0\0", kIndex);
  return index + "{\"Count\":0}";
}

std::string count_key(std::string_view id) { return std::string(kPrefix) + "endpoint_count/" + std::string(id) + "/"; }

// Without its own record the driver does not know the network.
const NetworkRecord* driver_record(const NetworkStore& store, const NetworkRecord& network) {
  return store.find(network.driver == "bridge" ? "bridge/" + network.id : network.driver + "/network/" + network.id);
}

// The drivers host and none keep no record of their own.
bool needs_driver_record(const NetworkRecord& network) {
  constexpr std::array<std::string_view, 3> kDrivers = {"bridge", "ipvlan", "macvlan"};
  return std::find(kDrivers.begin(), kDrivers.end(), network.driver) != kDrivers.end();
}

struct Subnet {
  uint32_t address = 0;
  uint64_t bits = 0;
};

// "172.18.0.1/16"
std::optional<Subnet> parse_subnet(std::string_view text) {
  const size_t slash = text.find('/');
  const std::vector<std::string_view> bytes = split(text.substr(0, slash), '.');
  const auto bits = slash == std::string_view::npos ? std::nullopt : parse_uint64(text.substr(slash + 1));
  if (bytes.size() != 4 || !bits || *bits > 32) {
    return std::nullopt;
  }
  Subnet subnet{0, *bits};
  for (const std::string_view byte : bytes) {
    const auto value = parse_uint64(byte);
    if (!value || *value > 255) {
      return std::nullopt;
    }
    subnet.address = subnet.address << 8 | static_cast<uint32_t>(*value);
  }
  return subnet;
}

bool overlap(std::string_view a, std::string_view b) {
  const std::optional<Subnet> left = parse_subnet(a);
  const std::optional<Subnet> right = parse_subnet(b);
  if (!left || !right) {
    return false;
  }
  const uint64_t bits = std::min(left->bits, right->bits);
  return bits == 0 || (left->address ^ right->address) >> (32 - bits) == 0;
}

// What containers say about networks of this host, by id.
// Names and ids only: subnets, options and labels are in the database alone, so a
// network cannot be made again from these.
std::map<std::string, NetworkRebuild::Lost> named_networks(const Model& model) {
  std::map<std::string, NetworkRebuild::Lost> named;
  for (const Container& container : model.containers.containers) {
    for (const Container::NetworkUse& use : container.networks) {
      if (is_hex64(use.id) && !is_default_network(use.name)) {
        NetworkRebuild::Lost& network = named[use.id];
        network.name = escaped(use.name);
        network.id = use.id;
        network.containers.push_back(escaped(container.name.empty() ? container.name_on_disk : container.name));
      }
    }
  }
  return named;
}

class Choice {
 public:
  explicit Choice(const NetworkStore& store) : store_(store) {}

  // A network that is no longer reachable from the root of the tree may have been removed long ago: a
  // free page keeps what was in it. It is taken only if it can do no harm: two networks of one name
  // confuse users, two with one subnet cannot both be right.
  void consider(const NetworkRecord& network) {
    const NetworkRecord* driver = needs_driver_record(network) ? driver_record(store_, network) : &network;
    const bool current = network.origin == BoltOrigin::Tree;
    if (!network.problem.empty() || driver == nullptr || (!current && network.in_delete)) {
      return;
    }
    const bool in_the_way = std::any_of(kept_.begin(), kept_.end(), [&](const Kept& other) {
      return other.network->name == network.name || overlap(other.subnet, driver->subnet);
    });
    if (current || !in_the_way) {
      kept_.push_back({&network, driver->subnet});
      doubtful_ = doubtful_ || !current || driver->origin != BoltOrigin::Tree;
    }
  }

  NetworkRebuild take() {
    NetworkRebuild rebuild;
    for (const Kept& kept : kept_) {
      rebuild.kept.push_back(kept.network);
    }
    std::sort(rebuild.kept.begin(), rebuild.kept.end(),
              [](const NetworkRecord* a, const NetworkRecord* b) { return a->id < b->id; });
    rebuild.doubtful = doubtful_;
    return rebuild;
  }

 private:
  struct Kept {
    const NetworkRecord* network;
    std::string_view subnet;
  };
  const NetworkStore& store_;
  std::vector<Kept> kept_;
  bool doubtful_ = false;
};

bool belongs_to_kept(const NetworkRebuild& networks, const NetworkRecord& record) {
  if (record.kind == "network" || record.kind == "bridge") {
    return networks.keeps(record.id);
  }
  return record.id == "network" && networks.keeps(record.second);  // "macvlan/network/<id>"
}

}  // namespace

bool NetworkRebuild::keeps(std::string_view id) const {
  return std::any_of(kept.begin(), kept.end(), [&](const NetworkRecord* network) { return network->id == id; });
}

NetworkRebuild rebuild_networks(const Model& model) {
  std::map<std::string, NetworkRebuild::Lost> named = named_networks(model);
  std::vector<const NetworkRecord*> candidates;
  for (const NetworkRecord& record : model.networks.records) {
    if (record.kind == "network") {
      candidates.push_back(&record);
    }
  }
  std::sort(candidates.begin(), candidates.end(), [&](const NetworkRecord* a, const NetworkRecord* b) {
    // Current ones first; of the rest those that a container still names.
    const auto rank = [&](const NetworkRecord* network) {
      return std::tuple(network->origin, !named.contains(network->id), network->id);
    };
    return rank(a) < rank(b);
  });
  Choice choice(model.networks);
  for (const NetworkRecord* network : candidates) {
    choice.consider(*network);
  }
  NetworkRebuild rebuild = choice.take();
  for (auto& [id, network] : named) {
    if (!rebuild.keeps(id)) {
      rebuild.lost.push_back(std::move(network));
    }
  }
  std::sort(rebuild.lost.begin(), rebuild.lost.end(),
            [](const auto& a, const auto& b) { return std::tie(a.name, a.id) < std::tie(b.name, b.id); });
  return rebuild;
}

// Sandboxes and endpoints are left out: they belong to running containers, of which there are none, and
// the daemon clears those of before a crash anyway.
BoltContent network_content(const NetworkRebuild& networks, const SalvagedBucket& salvaged) {
  BoltContent content;
  content.sequence = salvaged.sequence;
  BoltContent& bucket = content.buckets["libnetwork"];
  const SalvagedBucket* old = salvaged.bucket("libnetwork");
  if (old == nullptr) {
    return content;
  }
  bucket.sequence = old->sequence;
  for (const auto& [key, entry] : old->entries) {
    const auto record = parse_network_record(key, entry.value);
    if (!entry.bucket && record && belongs_to_kept(networks, *record)) {
      bucket.values[key] = entry.value;
    }
  }
  for (const NetworkRecord* network : networks.kept) {
    const SalvagedEntry* count = old->find(count_key(network->id));
    bucket.values[count_key(network->id)] = count_value(count != nullptr ? &count->value : nullptr);
  }
  return content;
}

// A network's other records go with it: an endpoint count without its network
// would be the next record that cannot be read.
BoltContent fixed_network_content(BoltContent content) {
  auto& values = content.buckets["libnetwork"].values;
  std::set<std::string> networks;
  std::set<std::string> unreadable;
  for (const auto& [key, value] : values) {
    if (const auto record = parse_network_record(key, value); record && record->kind == "network") {
      (record->problem.empty() ? networks : unreadable).insert(record->id);
    }
  }
  std::erase_if(values, [&](const auto& item) {
    const auto record = parse_network_record(item.first, item.second);
    const bool bad = record && !record->problem.empty() && record->kind != "endpoint_count";
    return bad || (record && (unreadable.contains(record->id) || unreadable.contains(record->second)));
  });
  for (const std::string& id : networks) {
    const auto count = values.find(count_key(id));
    if (count == values.end()) {
      values[count_key(id)] = count_value(nullptr);
    } else if (!parse_network_record(count->first, count->second)->problem.empty()) {
      count->second = count_value(&count->second);
    }
  }
  return content;
}

bool is_default_network(std::string_view name) {
  constexpr std::array<std::string_view, 3> kDefaults = {"bridge", "host", "none"};
  return std::find(kDefaults.begin(), kDefaults.end(), name) != kDefaults.end();
}

std::string lost_networks_text(const std::vector<NetworkRebuild::Lost>& lost) {
  std::vector<std::string> names;
  for (const NetworkRebuild::Lost& network : lost) {
    names.push_back(network.name + " (used by " + listed(network.containers) + ")");
  }
  return (lost.size() == 1 ? "network " : "networks ") + listed(names);
}

std::string kept_networks_text(const NetworkRebuild& networks) {
  std::vector<std::string> names;
  for (const NetworkRecord* network : networks.kept) {
    if (!is_default_network(network->name)) {
      names.push_back(network->name);
    }
  }
  std::sort(names.begin(), names.end());
  if (networks.kept.empty()) {
    return "no network";
  }
  const std::string text =
      names.empty() ? "the default networks" : counted(names.size(), "network") + " (" + listed(names) + ")";
  return text + (networks.doubtful ? ", perhaps out of date" : "");
}

}  // namespace dfsck

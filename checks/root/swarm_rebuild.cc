// What the daemon needs to join its swarm again is told by other files of the node.
#include "checks/root/swarm_rebuild.h"

#include <algorithm>

#include "core/codec/json/json.h"

namespace dfsck {
namespace {

// What docker swarm init takes where nothing is said.
constexpr int64_t kSubnetBits = 24;
constexpr int64_t kDataPathPort = 4789;

// "10.0.0.1" of "10.0.0.1:2377", "fe80::1" of "[fe80::1]:2377".
std::string host_of(const std::string& address) {
  std::string host = address.substr(0, address.rfind(':'));
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  }
  return host;
}

JsonValue::Object state_members(const std::string& own, const std::string& other) {
  const size_t colon = own.rfind(':');
  return {{"LocalAddr", JsonValue::string(own.empty() ? "" : host_of(own))},
          {"RemoteAddr", JsonValue::string(other)},
          {"ListenAddr", JsonValue::string("0.0.0.0" + (own.empty() ? ":2377" : own.substr(colon)))},
          {"AdvertiseAddr", JsonValue::string(own)},
          {"DataPathAddr", JsonValue::string("")},
          {"DefaultAddressPool", JsonValue()},
          {"SubnetSize", JsonValue::number(kSubnetBits)},
          {"DataPathPort", JsonValue::number(kDataPathPort)},
          {"JoinInProgress", JsonValue::boolean(false)}};
}

// The members that a file that was cut off has whole.
// Up to the last comma: what stands behind it may be half a value.
JsonValue whole_members(std::string_view cut) {
  const size_t comma = cut.rfind(',');
  const Result<JsonValue> value =
      comma == std::string_view::npos ? JsonValue() : parse_json(std::string(cut.substr(0, comma)) + "}");
  return value ? *value : JsonValue();
}

}  // namespace

std::optional<SwarmStateRebuild> rebuild_swarm_state(const Swarm& swarm) {
  std::string own;
  std::string other;
  for (const Swarm::Manager& manager : swarm.managers) {
    std::string& address = manager.node_id == swarm.node.common_name ? own : other;
    if (address.empty() && manager.address.find(':') != std::string::npos) {
      address = manager.address;
    }
  }
  // A manager is found by its own address in the list of managers, a worker asks any other. Without
  // that the file would parse, and the node would never come back.
  const bool is_manager = swarm.node.organizational_unit == "swarm-manager";
  if (is_manager ? own.empty() : other.empty() || swarm.node.organizational_unit != "swarm-worker") {
    return std::nullopt;
  }
  JsonValue::Object members = state_members(is_manager ? own : "", other);
  const JsonValue remains = whole_members(swarm.state_remains);
  for (JsonMember& member : members) {
    if (const JsonValue* value = remains.find_exact(member.key); value != nullptr) {
      member.value = *value;
    }
  }
  return SwarmStateRebuild{to_go_json(JsonValue::object(std::move(members))),
                           std::string("the node's certificate and state.json") +
                               (remains.is_null() ? "" : " and what is left of the file")};
}

}  // namespace dfsck

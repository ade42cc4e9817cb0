// Decoding of network records, as far as the daemon insists on them: a missing field of some kinds is a Go panic.
#include "core/model/records/network_records.h"

#include <algorithm>

#include "core/base/escape.h"
#include "core/base/text.h"
#include "core/codec/json/json.h"

namespace dfsck {
namespace {

constexpr std::string_view kNetworkKeys = "docker/network/v1.0/";
constexpr size_t kIndex = 8;  // modification counter in front of the JSON text

bool has_string(const JsonValue& value, std::string_view key) {
  const JsonValue* member = value.find_exact(key);
  return member != nullptr && member->as_string() != nullptr;
}

std::string string_of(const JsonValue& value, std::string_view key) { return escaped(value.get(key).text()); }

// What libnetwork's UnmarshalJSON takes for granted (network.go, endpoint.go): type assertions without a check.
std::string missing_field(const std::string& kind, const JsonValue& value) {
  if (kind == "network") {
    for (const std::string_view key : {"name", "id", "networkType"}) {
      if (!has_string(value, key)) {
        return "it has no \"" + std::string(key) + "\"";
      }
    }
    const JsonValue* ipv6 = value.find_exact("enableIPv6");
    return ipv6 != nullptr && ipv6->as_bool() ? "" : "it has no \"enableIPv6\"";
  }
  if (kind == "endpoint") {
    for (const std::string_view key : {"name", "id"}) {
      if (!has_string(value, key)) {
        return "it has no \"" + std::string(key) + "\"";
      }
    }
  }
  return "";
}

// The first eight bytes are a modification index, little-endian on every machine, and only compared when a record is
// written again: any value loads.
void read_value(NetworkRecord& record, std::string_view value) {
  if (value.size() < kIndex) {
    record.problem = "it is too short";
    return;
  }
  const Result<JsonValue> json = parse_json(value.substr(kIndex));
  if (!json) {
    record.problem = "its JSON text cannot be read (" + json.error().detail + ")";
    return;
  }
  if (json->as_object() == nullptr) {
    record.problem = "it is no JSON object";
    return;
  }
  record.problem = missing_field(record.kind, *json);
  record.name = string_of(*json, "name");
  record.container = record.kind == "sandbox" ? string_of(*json, "Cid") : "";
  record.count = record.kind == "endpoint_count" ? json->get("Count").as_int64() : std::nullopt;
  record.sandbox = record.kind == "endpoint" ? string_of(*json, "sandbox") : "";
  record.driver = record.kind == "network" ? string_of(*json, "networkType") : "";
  record.in_delete = record.kind == "network" && json->get("inDelete").as_bool().value_or(false);
}

// The bridge driver's own record of a network (moby libnetwork/drivers/bridge/bridge_store.go).
std::string bridge_subnet(std::string_view value) {
  const Result<JsonValue> json =
      value.size() < kIndex ? Result<JsonValue>(JsonValue()) : parse_json(value.substr(kIndex));
  return json ? string_of(*json, "AddressIPv4") : "";
}

// Kinds that the controller itself loads at start; others belong to drivers, or to daemons of long ago.
bool is_loaded_at_start(std::string_view kind) {
  return kind == "network" || kind == "endpoint" || kind == "endpoint_count" || kind == "sandbox";
}

}  // namespace

// Keys end with a slash and have the kind in front; records of drivers and of daemons of long ago have kinds that
// nobody loads, which are kept as they are.
std::optional<NetworkRecord> parse_network_record(std::string_view key, std::string_view value) {
  if (!key.starts_with(kNetworkKeys)) {
    return std::nullopt;
  }
  key.remove_prefix(kNetworkKeys.size());
  while (key.ends_with('/')) {
    key.remove_suffix(1);
  }
  const std::vector<std::string_view> parts = split(key, '/');
  if (parts.size() < 2) {
    return std::nullopt;
  }
  NetworkRecord record;
  record.key = escaped(key);
  record.kind = escaped(parts[0]);
  record.id = escaped(parts[1]);
  record.second = parts.size() > 2 ? escaped(parts[2]) : "";
  if (is_loaded_at_start(record.kind)) {
    read_value(record, value);
  }
  record.subnet = record.kind == "bridge" ? bridge_subnet(value) : "";
  return record;
}

// How the salvage of a damaged file knows that a page without a parent belonged here: its records have keys and
// values as libnetwork writes them.
BoltHome network_home() {
  // The names of drivers' records are theirs; what is common to all is how keys begin.
  return {"libnetwork", [](std::string_view key, std::string_view value) {
            const std::optional<NetworkRecord> record = parse_network_record(key, value);
            return record && record->problem.empty() && value.size() >= kIndex;
          }};
}

std::vector<NetworkRecord> network_records(const DatabaseFile& database) {
  std::vector<NetworkRecord> records;
  for_each_record(database, "libnetwork", [&](std::string_view key, std::string_view value, BoltOrigin origin) {
    if (std::optional<NetworkRecord> record = parse_network_record(key, value); record) {
      record->origin = origin;
      records.push_back(std::move(*record));
    }
  });
  std::sort(records.begin(), records.end(),
            [](const NetworkRecord& a, const NetworkRecord& b) { return a.key < b.key; });
  return records;
}

}  // namespace dfsck

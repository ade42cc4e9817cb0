// The records of network/files/local-kv.db. Internal to core/model, and for its tests.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "core/model/records/database_file.h"

namespace dfsck {

// One entry of bucket "libnetwork" (moby libnetwork/internal/kvstore/boltdb). Nothing for keys that are not the network
// controller's and for the bare markers of kinds, which hold no record.
std::optional<NetworkRecord> parse_network_record(std::string_view key, std::string_view value);

// Where such records stand, for salvaging.
BoltHome network_home();

// All records, sorted by key; of a damaged database, those that were salvaged.
std::vector<NetworkRecord> network_records(const DatabaseFile& database);

}  // namespace dfsck

// The records of volumes/metadata.db. Internal to core/model, and for its tests.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "core/model/records/database_file.h"

namespace dfsck {

// One value of bucket "volumes" (moby volume/service/db.go:volumeMetadata); nothing where the daemon would skip it.
std::optional<VolumeRecord> parse_volume_record(std::string_view key, std::string_view json);

// Where such records stand, for salvaging.
BoltHome volume_home();

// All records that can be read, sorted by name; of a damaged database, those that were salvaged.
std::vector<VolumeRecord> volume_records(const DatabaseFile& database);

}  // namespace dfsck

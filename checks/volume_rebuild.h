// What can be written again about volumes, from what is left.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/model/databases.h"

namespace dfsck {

bool is_local(const VolumeRecord& record);

// The bytes of opts.json for a local volume with these options, as the daemon would have written them
// (moby volume/local/local_unix.go:setOpts). Nothing if there are no options, or if the daemon would refuse them.
std::optional<std::string> volume_options_file(const VolumeRecord& record);

// The records that a rebuilt volume database holds, sorted by name: those that were read, except local ones whose
// directory is gone, and a record for every volume directory that has none, with options from its opts.json. Labels of
// the latter are lost.
std::vector<VolumeRecord> volume_records_to_write(const VolumeStore& store);

// The value of such a record (moby volume/service/db.go:volumeMetadata).
std::string volume_record_json(const VolumeRecord& record);

}  // namespace dfsck

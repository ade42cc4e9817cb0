// What can be written again about volumes, from what is left.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/model/model.h"

namespace dfsck {

bool is_local(const VolumeRecord& record);

// The bytes of opts.json for a local volume with these options, as the daemon would have written them
// (moby volume/local/local_unix.go:setOpts). Nothing if there are no options, or if the daemon would refuse them.
std::optional<std::string> volume_options_file(const VolumeRecord& record);

struct VolumeRebuild {
  std::vector<VolumeRecord> records;    // sorted by name
  std::vector<std::string> unlabelled;  // names of those whose record was not found: labels, if they had any, are lost
  std::vector<std::string> doubtful;    // names of those whose record may be out of date

  std::string text() const;       // "3 volumes"
  std::string lost_text() const;  // "the labels of a and b are lost, ..."; "nothing is known to be lost"
};

// What a rebuilt volume database holds: the records that were read, except local ones whose directory is gone; a record
// for every volume directory that has none, with options from its opts.json; and one for every volume of another driver
// that a container names.
VolumeRebuild rebuild_volumes(const Model& model);

// The value of such a record (moby volume/service/db.go:volumeMetadata): what the database had, or one made of its
// parts.
std::string volume_record_json(const VolumeRecord& record);

}  // namespace dfsck

// Areas of the root on filesystems of their own: an object can only be moved aside on the filesystem that it lies on.
// Internal to core/journal.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/fs/mount_id.h"
#include "core/fs/root.h"
#include "core/fs/write/removed.h"
#include "core/journal/run/place.h"

namespace dfsck {

// Tells for directories of the root where what is replaced in them can be kept. Remembers what it has looked at: for
// one look through a plan, or one batch.
class KeepFinder {
 public:
  explicit KeepFinder(const Root& root) : root_(root) {}

  // The directory whose `.docker-fsck` is on the filesystem of `directory`: the root, an area ("overlay2"), or what
  // "image" holds. Nothing where that would be no place that the scanners know as ours.
  Result<std::optional<RelPath>> directory_for(const RelPath& directory);
  // The same for the nearest of its parents that exists.
  Result<std::optional<RelPath>> directory_for_new(const RelPath& path);

 private:
  Result<MountId> mount_at(const RelPath& directory);

  const Root& root_;
  std::map<RelPath, MountId> mounts_;  // of the places that keep
  std::map<RelPath, std::optional<RelPath>> known_;
};

// Makes `.docker-fsck/<id>` with its two places in the directory, durably, as far as they are missing. The directory's
// time of modification stays.
Result<KeepPlace> make_keep_place(const Root& root, const RelPath& directory, const std::string& id);
Result<KeepPlace> open_keep_place(const Root& root, const RelPath& directory, const std::string& id);

// Gives areas back their times of modification where the run was cut off while it made its place there: no step has
// used it yet.
Result<void> restore_area_times(const Root& root, const RunLog& log);

// Makes everything durable that the run has changed, on each of its filesystems.
Result<void> sync_places(const RunPlace& place);

// Removes all places of the run but the root's own, with all that is in them. Adds to `removed` what is gone, also
// after an error.
Result<void> remove_keep_places(const Root& root, const std::string& id, const std::vector<RelPath>& directories,
                                Removed& removed);

}  // namespace dfsck

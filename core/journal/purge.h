// Deleting what repairs moved aside: the only thing in this program that deletes.
#pragma once

#include <cstdint>
#include <string>

#include "core/base/result.h"
#include "core/fs/root.h"

namespace dfsck {

struct PurgeResult {
  uint64_t bytes = 0;  // freed
};

// Deletes the whole directory of run `id`, after which it can no longer be undone and is not in the history. Format
// where there is no such run, or it is unfinished or unreadable. Busy as RootLock::take. Cut off, it can be
// called again. Where it fails before anything is deleted, the run is as it was before. Never touches anything outside
// the run's directories.
Result<PurgeResult> purge(const Root& root, const std::string& id);

}  // namespace dfsck

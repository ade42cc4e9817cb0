// Taking the directories of a run out of the root. Internal to core/journal.
#pragma once

#include <string>

#include "core/base/result.h"
#include "core/fs/lock.h"
#include "core/fs/write/removed.h"
#include "core/journal/run/log.h"
#include "core/journal/run/place.h"

namespace dfsck {

// Whether any step of the run is done, or may be.
bool has_changed_something(const RunLog& log);

// Removes the run's directory in `own` with all that is in it, the journal last: as long as anything else is left, the
// run is known. Adds to `removed` what is gone, also after an error.
Result<void> remove_run_directory(const Dir& own, const std::string& id, Removed& removed);

// Removes `.docker-fsck` where `lock` made it, else gives it back the time `own_time`: nothing is left of a run that
// came to nothing.
Result<void> leave_own_directory(const Root& root, const RootLock& lock, FileTime own_time);

// Removes all directories of a run that has changed nothing, and leaves our own directory as above. Format for a run
// that has changed something.
Result<void> remove_run(const RunPlace& place, const RootLock& lock, const RunLog& log, FileTime own_time);

}  // namespace dfsck

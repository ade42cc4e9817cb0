// A run of the past that is to be changed, with the lock that this needs. Internal to core/journal.
#pragma once

#include <functional>

#include "core/base/result.h"
#include "core/fs/lock.h"
#include "core/fs/root.h"
#include "core/journal/run/place.h"
#include "core/journal/run_list.h"

namespace dfsck {

using ChooseRun = std::function<Result<RunEntry>()>;

struct LockedRun {
  RootLock lock;
  RunEntry entry;
  RunPlace place;
};

// Chooses twice: without the lock, because where there is no such run nothing shall be locked or made, and under it,
// because only then nobody else changes the run.
Result<LockedRun> lock_run(const Root& root, const ChooseRun& choose);

struct SeenRun {
  RunEntry entry;
  RunPlace place;
};

// For previews: no lock, nothing is made.
Result<SeenRun> see_run(const Root& root, const ChooseRun& choose);

}  // namespace dfsck

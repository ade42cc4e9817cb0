// Choosing, locking, choosing again.
#include "core/journal/locked_run.h"

#include <utility>

#include "core/base/try.h"

namespace dfsck {

// Taking the lock makes `.docker-fsck` where it is missing, so a command that has nothing to do must find that out
// before. What the first choice saw may be gone or changed by the time the lock is held, so only the second counts.
Result<LockedRun> lock_run(const Root& root, const ChooseRun& choose) {
  TRY(choose());
  ASSIGN_OR_RETURN(RootLock lock, RootLock::take(root));
  ASSIGN_OR_RETURN(RunEntry run, choose());
  ASSIGN_OR_RETURN(RunPlace place, open_run_place(root, lock.own(), run.id, *run.log));
  return LockedRun{std::move(lock), std::move(run), std::move(place)};
}

// Without the lock another run may go on meanwhile: what a preview tells is of the moment, and nothing is done by it.
Result<SeenRun> see_run(const Root& root, const ChooseRun& choose) {
  ASSIGN_OR_RETURN(RunEntry run, choose());
  ASSIGN_OR_RETURN(const Dir own, root.open_dir(kOwnDirectory));
  ASSIGN_OR_RETURN(RunPlace place, open_run_place(root, own, run.id, *run.log));
  return SeenRun{std::move(run), std::move(place)};
}

}  // namespace dfsck

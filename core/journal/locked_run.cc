// Choosing, locking, choosing again.
#include "core/journal/locked_run.h"

#include <utility>

namespace dfsck {

// Taking the lock makes `.docker-fsck` where it is missing, so a command that has nothing to do must find that out
// before. What the first choice saw may be gone or changed by the time the lock is held, so only the second counts.
Result<LockedRun> lock_run(const Root& root, const ChooseRun& choose) {
  if (const Result<RunEntry> seen = choose(); !seen) {
    return seen.error();
  }
  Result<RootLock> lock = RootLock::take(root);
  if (!lock) {
    return lock.error();
  }
  Result<RunEntry> run = choose();
  if (!run) {
    return run.error();
  }
  Result<RunPlace> place = open_run_place(root, lock->own(), run->id, *run->log);
  if (!place) {
    return place.error();
  }
  return LockedRun{std::move(*lock), std::move(*run), std::move(*place)};
}

// Without the lock another run may go on meanwhile: what a preview tells is of the moment, and nothing is done by it.
Result<SeenRun> see_run(const Root& root, const ChooseRun& choose) {
  Result<RunEntry> run = choose();
  if (!run) {
    return run.error();
  }
  const Result<Dir> own = root.open_dir(kOwnDirectory);
  Result<RunPlace> place = own ? open_run_place(root, *own, run->id, *run->log) : own.error();
  if (!place) {
    return place.error();
  }
  return SeenRun{std::move(*run), std::move(*place)};
}

}  // namespace dfsck

// The journal goes last, whatever the names of the rest are: it tells what is left.
#include "core/journal/run/removal.h"

#include <algorithm>

#include "core/base/try.h"
#include "core/fs/write/writer.h"
#include "core/journal/run/journal.h"
#include "core/journal/run/keep_place.h"

namespace dfsck {

bool has_changed_something(const RunLog& log) {
  return std::any_of(log.steps.begin(), log.steps.end(), [](const LoggedStep& logged) {
    return logged.state == LoggedStep::State::Intended || logged.state == LoggedStep::State::Done ||
           logged.state == LoggedStep::State::UndoIntended;
  });
}

// Without its journal a directory counts as never begun, and what it keeps as nobody's. So the journal is the last to
// go, and what is left after a crash is still known as the run that it was.
Result<void> remove_run_directory(const Dir& own, const std::string& id, Removed& removed) {
  ASSIGN_OR_RETURN(const Dir run, own.open_dir(id));
  ASSIGN_OR_RETURN(const std::vector<DirEntry> entries, run.list());
  for (const DirEntry& entry : entries) {
    if (entry.name != kJournalName) {
      TRY(remove_tree(run, entry.name, removed));
    }
  }
  // Not before the rest is gone for good, whatever the filesystem writes first.
  TRY(sync_directory(run));
  return remove_tree(own, id, removed);
}

// A run that came to nothing leaves the root as it found it, down to the time of our own directory.
Result<void> leave_own_directory(const Root& root, const RootLock& lock, FileTime own_time) {
  if (!lock.made_own()) {
    TRY(set_mtime_of(lock.own(), own_time));
    return sync_directory(lock.own());
  }
  return remove_own_directory(root);
}

Result<void> remove_run(const RunPlace& place, const RootLock& lock, const RunLog& log, FileTime own_time) {
  if (has_changed_something(log)) {
    return format_error("abandon", place.run.where(), "the run has changed something already");
  }
  Removed removed;
  TRY(remove_keep_places(*place.root, place.id, log.keeps, removed));
  TRY(remove_run_directory(lock.own(), place.id, removed));
  return leave_own_directory(*place.root, lock, own_time);
}

}  // namespace dfsck

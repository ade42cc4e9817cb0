// A journal that says "purge" comes first: what is only half there must never be undone.
#include "core/journal/purge.h"

#include "core/base/escape.h"
#include "core/base/try.h"
#include "core/fs/lock.h"
#include "core/fs/write/removed.h"
#include "core/fs/write/writer.h"
#include "core/journal/run/journal.h"
#include "core/journal/run/keep_place.h"
#include "core/journal/run/removal.h"
#include "core/journal/run_list.h"

namespace dfsck {
namespace {

// Whether the run can still be undone: its journal does not say "purge" yet.
bool is_whole(const RunEntry& run) { return run.begun && run.log->state != RunLog::State::Purged; }

Result<void> remove_all(const Root& root, const RootLock& lock, const RunEntry& run, Removed& removed) {
  TRY(remove_keep_places(root, run.id, run.log->keeps, removed));
  return remove_run_directory(lock.own(), run.id, removed);
}

// The same with a journal that is told before, and told again where nothing could be deleted.
Result<void> remove_whole(const Root& root, const RootLock& lock, const RunEntry& run, Removed& removed) {
  ASSIGN_OR_RETURN(const Dir dir, lock.own().open_dir(run.id));
  ASSIGN_OR_RETURN(Journal journal, Journal::reopen(dir, run.log->journal_bytes));
  TRY(journal.append({purge_record()}));
  const Result<void> gone = remove_all(root, lock, run, removed);
  if (gone || removed.anything) {
    return gone;
  }
  TRY(journal.append({purge_failed_record()}));
  return gone;
}

}  // namespace

// Looked up without the lock first, so that a wrong id neither takes the lock nor makes `.docker-fsck`; and again
// under it, since only then nobody else changes the run.
Result<PurgeResult> purge(const Root& root, const std::string& id) {
  TRY(find_run(root, id));
  ASSIGN_OR_RETURN(RootLock lock, RootLock::take(root));
  ASSIGN_OR_RETURN(const RunEntry run, find_run(root, id));
  if (!run.log) {
    return run.log.error();
  }
  if (run.begun && run.log->state == RunLog::State::Open) {
    return format_error("purge", escaped(id), "this repair was cut off: end it with 'docker-fsck recover' first");
  }
  Removed removed;
  TRY(is_whole(run) ? remove_whole(root, lock, run, removed) : remove_all(root, lock, run, removed));
  TRY(sync_directory(lock.own()));
  return PurgeResult{removed.bytes};
}

}  // namespace dfsck

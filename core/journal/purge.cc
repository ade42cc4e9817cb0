// A journal that says "purge" comes first: what is only half there must never be undone.
#include "core/journal/purge.h"

#include "core/base/escape.h"
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
bool is_whole(const RunEntry& run) {
  return run.begun && run.log->state != RunLog::State::Purged;
}

Result<void> remove_all(const Root& root, const RootLock& lock, const RunEntry& run, Removed& removed) {
  const Result<void> gone = remove_keep_places(root, run.id, run.log->keeps, removed);
  return gone ? remove_run_directory(lock.own(), run.id, removed) : gone;
}

// The same with a journal that is told before, and told again where nothing could be deleted.
Result<void> remove_whole(const Root& root, const RootLock& lock, const RunEntry& run, Removed& removed) {
  const Result<Dir> dir = lock.own().open_dir(run.id);
  Result<Journal> journal = dir ? Journal::reopen(*dir, run.log->journal_bytes) : dir.error();
  const Result<void> marked = journal ? journal->append({purge_record()}) : journal.error();
  if (!marked) {
    return marked;
  }
  const Result<void> gone = remove_all(root, lock, run, removed);
  if (gone || removed.anything) {
    return gone;
  }
  const Result<void> unmarked = journal->append({purge_failed_record()});
  return unmarked ? gone : unmarked;
}

}  // namespace

// Looked up without the lock first, so that a wrong id neither takes the lock nor makes `.docker-fsck`; and again
// under it, since only then nobody else changes the run.
Result<PurgeResult> purge(const Root& root, const std::string& id) {
  if (const Result<RunEntry> seen = find_run(root, id); !seen) {
    return seen.error();
  }
  Result<RootLock> lock = RootLock::take(root);
  if (!lock) {
    return lock.error();
  }
  const Result<RunEntry> run = find_run(root, id);
  if (!run) {
    return run.error();
  }
  if (!run->log) {
    return run->log.error();
  }
  if (run->begun && run->log->state == RunLog::State::Open) {
    return format_error("purge", escaped(id), "this repair was cut off: end it with 'docker-fsck recover' first");
  }
  Removed removed;
  const Result<void> gone =
      is_whole(*run) ? remove_whole(root, *lock, *run, removed) : remove_all(root, *lock, *run, removed);
  if (!gone) {
    return gone.error();
  }
  const Result<void> synced = sync_directory(lock->own());
  return synced ? Result(PurgeResult{removed.bytes}) : synced.error();
}

}  // namespace dfsck

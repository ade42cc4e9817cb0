// A journal that says "purge" comes first: what is only half there must never be undone.
#include "core/plan/purge.h"

#include "core/base/escape.h"
#include "core/fs/lock.h"
#include "core/fs/writer.h"
#include "core/plan/journal.h"
#include "core/plan/keep_place.h"
#include "core/plan/run_list.h"
#include "core/plan/run_removal.h"

namespace dfsck {
namespace {

Result<void> mark(const Dir& dir, const RunEntry& run) {
  if (!run.begun || run.log->state == RunLog::State::Purged) {
    return {};
  }
  Result<Journal> journal = Journal::reopen(dir, run.log->journal_bytes);
  return journal ? journal->append({purge_record()}) : journal.error();
}

}  // namespace

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
  const Result<Dir> dir = lock->own().open_dir(id);
  if (!dir) {
    return dir.error();
  }
  if (const Result<void> marked = mark(*dir, *run); !marked) {
    return marked.error();
  }
  PurgeResult result;
  if (const Result<void> removed = remove_keep_places(root, id, run->log->keeps, result.bytes); !removed) {
    return removed.error();
  }
  if (const Result<void> removed = remove_run_directory(lock->own(), id, result.bytes); !removed) {
    return removed.error();
  }
  const Result<void> synced = sync_directory(lock->own());
  return synced ? Result(result) : synced.error();
}

}  // namespace dfsck

// From logs to what people want to know of them.
#include "core/journal/history.h"

#include <fcntl.h>

#include <set>

#include "core/base/try.h"
#include "core/fs/lock.h"
#include "core/journal/run/journal.h"
#include "core/journal/run_list.h"
#include "core/journal/step_change.h"
#include "core/plan/action_traits.h"
#include "core/plan/expect.h"

namespace dfsck {
namespace {

RunRecord::State state_of(RunLog::State state) {
  switch (state) {
    case RunLog::State::Open: return RunRecord::State::Unfinished;
    case RunLog::State::Finished: return RunRecord::State::Finished;
    case RunLog::State::Stopped: return RunRecord::State::Stopped;
    case RunLog::State::Undone: return RunRecord::State::Undone;
    case RunLog::State::Purged: return RunRecord::State::Purged;
  }
  return RunRecord::State::Unreadable;
}

// For people a step that was not begun and one that was given up are the same: nothing happened. Only the run's own
// state tells them whether it may still come.
RunStep::State state_of(LoggedStep::State state) {
  switch (state) {
    case LoggedStep::State::Done: return RunStep::State::Done;
    case LoggedStep::State::Failed: return RunStep::State::Failed;
    case LoggedStep::State::Planned:
    case LoggedStep::State::Skipped: return RunStep::State::Skipped;
    case LoggedStep::State::Undone: return RunStep::State::Undone;
    case LoggedStep::State::Intended:
    case LoggedStep::State::UndoIntended: break;
  }
  return RunStep::State::Uncertain;
}

// The directory in whose `.docker-fsck` the step's object is kept.
RelPath keeper_of(const RunLog& log, const LoggedStep& logged) {
  return logged.trace.keep == 0 ? RelPath() : log.keeps[logged.trace.keep - 1];
}

// Only a step that took something away keeps something: of attributes the old value is in the journal, and a renamed
// object is under its new name.
std::optional<RelPath> kept_path(const std::string& id, const RunLog& log, size_t number) {
  const LoggedStep& logged = log.steps[number];
  const Change change = traits_of(logged.step.action).change;
  const bool took =
      (change == Change::Make || change == Change::TakeAway) && logged.trace.was != 0 && !logged.trace.nothing;
  return took && logged.state == LoggedStep::State::Done
             ? std::optional(kept_place(id, keeper_of(log, logged), number, logged))
             : std::nullopt;
}

// Blocks of everything below `dir`, each inode once (`seen` has those with several names); adds to `bytes`. Iterative:
// depth comes from the disk.
Result<void> add_tree(const Dir& top, std::set<uint64_t>& seen, uint64_t& bytes) {
  constexpr uint64_t kBlock = 512;
  std::vector<RelPath> pending{RelPath()};
  while (!pending.empty()) {
    // A quarantined directory can be a whole layer that a container has filled: its depth and its names are as
    // hostile as anything in a root, so each directory is opened from the top without following a link.
    const RelPath path = std::move(pending.back());
    pending.pop_back();
    ASSIGN_OR_RETURN(Fd fd, open_beneath(top.fd(), path, O_RDONLY | O_DIRECTORY, path.text()));
    const Dir dir(std::move(fd), path.text());
    ASSIGN_OR_RETURN(const std::vector<DirEntry> entries, dir.list());
    for (const DirEntry& entry : entries) {
      ASSIGN_OR_RETURN(const FileStat stat, dir.stat(entry.name));
      // Blocks and not sizes: files of layers and databases can be sparse, and what a purge gives back is what people
      // want to know.
      const bool counts = stat.is_dir() || stat.links == 1 || seen.insert(stat.inode).second;
      bytes += counts ? stat.blocks * kBlock : 0;
      if (stat.is_dir()) {
        pending.push_back(path / entry.name);
      }
    }
  }
  return {};
}

}  // namespace

// The indices of reasons were checked when the journal was replayed or written, so they are not checked again.
RunStep to_run_step(const std::string& id, const RunLog& log, size_t number) {
  const LoggedStep& logged = log.steps[number];
  RunStep step;
  step.number = number;
  step.op = traits_of(logged.step.action).op;
  step.path = action_path(logged.step.action).text();
  step.text = describe(logged.step.action);
  step.why = logged.why;
  for (const size_t reason : logged.step.findings) {
    step.reasons.push_back(log.reasons[reason]);
  }
  step.state = state_of(logged.state);
  step.kept = kept_path(id, log, number);
  step.way_out = logged.way_out;
  return step;
}

std::string_view run_state_name(RunRecord::State state) {
  switch (state) {
    case RunRecord::State::Unfinished: return "unfinished";
    case RunRecord::State::Finished: return "finished";
    case RunRecord::State::Stopped: return "stopped";
    case RunRecord::State::Undone: return "undone";
    case RunRecord::State::Purged: return "purged";
    case RunRecord::State::Unreadable: break;
  }
  return "unreadable";
}

std::string_view step_state_name(RunStep::State state) {
  switch (state) {
    case RunStep::State::Done: return "done";
    case RunStep::State::Failed: return "failed";
    case RunStep::State::Skipped: return "skipped";
    case RunStep::State::Undone: return "undone";
    case RunStep::State::Uncertain: break;
  }
  return "uncertain";
}

Result<std::vector<RunRecord>> list_runs(const Root& root) {
  ASSIGN_OR_RETURN(const std::vector<RunEntry> runs, read_runs(root));
  std::vector<RunRecord> records;
  for (const RunEntry& run : runs) {
    RunRecord& record = records.emplace_back();
    record.id = run.id;
    if (!run.log) {
      record.problem = run.log.error().message();
      continue;
    }
    // A directory without a journal was left by a crash in the very beginning: nothing of the root can have been
    // changed, since the first intent comes after the first record.
    record.state = run.begun ? state_of(run.log->state) : RunRecord::State::Stopped;
    record.started = run.log->started;
    record.mode = run.log->mode;
    record.version = run.log->version;
    record.acknowledged = run.log->acknowledged;
    record.keeps = run.log->keeps;
    for (size_t i = 0; i < run.log->steps.size(); ++i) {
      const RunStep& step = record.steps.emplace_back(to_run_step(run.id, *run.log, i));
      for (const Reason& reason : step.reasons) {
        record.lossy = record.lossy || (step.state == RunStep::State::Done && reason.safety == "lossy");
      }
    }
  }
  return records;
}

Result<uint64_t> kept_bytes(const Root& root, const RunRecord& run) {
  if (!is_run_id(run.id)) {
    return format_error("look up repair", run.id, "is no repair of this root");
  }
  uint64_t bytes = 0;
  std::vector<RelPath> keepers{RelPath()};
  keepers.insert(keepers.end(), run.keeps.begin(), run.keeps.end());
  for (const RelPath& keeper : keepers) {
    std::set<uint64_t> seen;  // of one filesystem
    for (const char* name : {"saved", "quarantine"}) {
      const Result<Dir> dir = root.open_dir(keeper / kOwnDirectory / run.id / name);
      if (!dir && means_absent(dir.error())) {
        continue;
      }
      TRY(dir ? add_tree(*dir, seen, bytes) : dir.error());
    }
  }
  return bytes;
}

// Under the lock, as for any change: a run that goes on at the same time appends to the same file, and two writers
// would tear each other's lines.
Result<void> acknowledge(const Root& root, const std::string& id) {
  ASSIGN_OR_RETURN(const RootLock lock, RootLock::take(root));
  ASSIGN_OR_RETURN(const RunEntry run, find_run(root, id));
  if (!run.log || !run.begun || run.log->state == RunLog::State::Open) {
    return format_error("acknowledge", id, "this repair is not finished");
  }
  if (run.log->acknowledged) {
    return {};
  }
  ASSIGN_OR_RETURN(const Dir dir, lock.own().open_dir(id));
  ASSIGN_OR_RETURN(Journal journal, Journal::reopen(dir, run.log->journal_bytes));
  return journal.append({acknowledged_record()});
}

}  // namespace dfsck

// Choosing the run, and refusing where undo would lose what came after it.
#include "core/journal/undo.h"

#include <algorithm>

#include "core/base/try.h"
#include "core/journal/locked_run.h"
#include "core/journal/undoer.h"

namespace dfsck {
namespace {

// A run in which nothing is done has nothing to take back: choosing it would only hide an older one that has.
bool can_be_undone(const RunEntry& run) {
  return run.begun && (run.log->state == RunLog::State::Finished || run.log->state == RunLog::State::Stopped) &&
         std::any_of(run.log->steps.begin(), run.log->steps.end(),
                     [](const LoggedStep& step) { return step.state == LoggedStep::State::Done; });
}

Error refuse(const std::string& id, std::string_view why) { return format_error("undo", id, why); }

Result<RunEntry> choose_undoable(const Root& root, const std::string& id) {
  ASSIGN_OR_RETURN(std::vector<RunEntry> runs, read_runs(root));
  if (std::optional<Error> unfinished = unfinished_run(runs); unfinished) {
    return *unfinished;
  }
  const auto newest = std::find_if(runs.rbegin(), runs.rend(), can_be_undone);
  if (id.empty()) {
    return newest != runs.rend() ? Result<RunEntry>(std::move(*newest))
                                 : refuse(root.path(), "there is no repair that could be taken back");
  }
  const auto named = std::find_if(runs.rbegin(), runs.rend(), [&](const RunEntry& run) { return run.id == id; });
  if (named == runs.rend()) {
    return find_run(root, id);
  }
  if (!can_be_undone(*named)) {
    return refuse(id, named->begun && named->log->state == RunLog::State::Undone ? "is taken back already"
                      : named->begun && named->log->state == RunLog::State::Purged
                          ? "what it kept is deleted, at least in part"
                          : "changed nothing");
  }
  // Newest first only: the older run's steps are told by inodes at places that the newer one may have changed.
  if (named != newest) {
    return refuse(id, "take back the newer repair first: " + newest->id);
  }
  return std::move(*named);
}

}  // namespace

Result<UndoResult> undo(const Root& root, const std::string& id, const Cancel& cancel, Progress& progress) {
  Result<LockedRun> run = lock_run(root, [&] { return choose_undoable(root, id); });
  TRY(run);
  TRY(check_unchanged(run->place, *run->entry.log, Scrutiny::Everything));
  // The last moment at which stopping costs nothing: an undo that has begun is completed, since half of one is a
  // state that no check has seen.
  if (cancel.requested()) {
    return cancelled_error("undo", run->entry.id, "cancelled; nothing was changed");
  }
  ASSIGN_OR_RETURN(Journal journal, Journal::reopen(run->place.run, run->entry.log->journal_bytes));
  const size_t wanted = steps_to_take_back(*run->entry.log).size();
  const Result<size_t> steps = take_all_back(run->place, run->lock, journal, *run->entry.log, progress);
  if (steps) {
    return UndoResult{run->entry.id, *steps, "", 0};
  }
  // After the first intent the run is unfinished, and what was taken back so far is told along with the error.
  if (!run->entry.log->undoing) {  // the first intent could not be written
    return steps.error();
  }
  const size_t left = steps_to_take_back(*run->entry.log).size();
  return UndoResult{run->entry.id, wanted - left, steps.error().message(), left};
}

Result<std::vector<RunStep>> undo_preview(const Root& root, const std::string& id) {
  const Result<SeenRun> run = see_run(root, [&] { return choose_undoable(root, id); });
  TRY(run);
  TRY(check_unchanged(run->place, *run->entry.log, Scrutiny::Everything));
  std::vector<RunStep> steps;
  for (const size_t number : steps_to_take_back(*run->entry.log)) {
    steps.push_back(to_run_step(run->entry.id, *run->entry.log, number));
  }
  return steps;
}

}  // namespace dfsck

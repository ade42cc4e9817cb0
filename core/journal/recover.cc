// First the open batch is settled: which of its steps happened is read off the disk. Then the run goes on, or back.
#include "core/journal/recover.h"

#include <algorithm>

#include "core/base/escape.h"
#include "core/base/try.h"
#include "core/fs/write/writer.h"
#include "core/journal/applier.h"
#include "core/journal/locked_run.h"
#include "core/journal/run/keep_place.h"
#include "core/journal/run/spare_links.h"
#include "core/journal/run/staging.h"
#include "core/journal/step_change.h"
#include "core/journal/undoer.h"
#include "core/plan/action_traits.h"

namespace dfsck {
namespace {

// The steps of the open batch, and how many of them, from the first, happened.
// Only one batch can be open: the next intent is written when the one before is settled. So one look at the disk for
// each of its steps is all that a crash makes necessary, however long the plan is.
struct OpenBatch {
  size_t first = 0;
  size_t count = 0;
  size_t taken = 0;
};

// Somebody has changed the root since the crash. Whatever recovery did here could overwrite what is theirs, so it
// stops before its first change and says what it found.
Error ambiguous(const RunPlace& place, size_t number, const LoggedStep& logged) {
  return format_error("recover", action_path(logged.step.action).text(),
                      "cannot tell whether step " + std::to_string(number) + " happened; nothing was changed: it " +
                          ambiguity(place, number, logged));
}

bool changes_name(const LoggedStep& logged) { return !logged.trace.nothing && !is_attribute_step(logged.step.action); }

// Everything up to the last change of a name that happened counts as begun, and the changes of attributes behind it: to
// do such a step again, and to take it back, is right whether it happened or not. (That an earlier step is missing
// where a later one is there can only be on filesystems that do not keep the order of renames over a crash.)
Result<OpenBatch> find_open_batch(const RunPlace& place, const RunLog& log) {
  OpenBatch open;
  const auto intended = [](const LoggedStep& logged) { return logged.state == StepState::Intended; };
  const auto begin = std::find_if(log.steps.begin(), log.steps.end(), intended);
  open.first = static_cast<size_t>(begin - log.steps.begin());
  open.count = static_cast<size_t>(std::count_if(begin, log.steps.end(), intended));
  const size_t end = open.first + open.count;
  // Changes of names are looked at first: an inode in one of two places is proof. An attribute has no second place,
  // and its old value may happen to be the wanted one.
  bool all_names_changed = true;
  for (size_t i = open.first; i < end; ++i) {
    if (!changes_name(log.steps[i])) {
      continue;
    }
    ASSIGN_OR_RETURN(const Look look, step_on_disk(place, i, log.steps[i]));
    if (look == Look::Ambiguous) {
      return ambiguous(place, i, log.steps[i]);
    }
    all_names_changed = all_names_changed && look == Look::After;
    open.taken = look == Look::After ? i + 1 - open.first : open.taken;
  }
  while (open.taken < open.count && !changes_name(log.steps[open.first + open.taken])) {
    ++open.taken;
  }
  // Where a name has not changed yet, an attribute step of the batch may be about an object that is not at its path:
  // looking there would call ambiguous what is merely not done. Only with all names in place is each attribute's
  // object where it must be.
  for (size_t i = open.first; i < end && all_names_changed; ++i) {
    ASSIGN_OR_RETURN(const Look look, step_on_disk(place, i, log.steps[i]));
    if (look == Look::Ambiguous) {
      return ambiguous(place, i, log.steps[i]);
    }
  }
  return open;
}

// The run that is to be ended, with its log.
// A journal that cannot be read is passed over unless it is asked for: nothing can be ended by it, and another run
// may be the one that was cut off. Inode numbers mean nothing in a copy of a root, hence the last look.
Result<RunEntry> choose_unfinished(const Root& root, const std::string& id) {
  ASSIGN_OR_RETURN(std::vector<RunEntry> runs, read_runs(root));
  for (RunEntry& run : runs) {
    const bool wanted = id.empty() || run.id == id;
    if (wanted && !run.log && !id.empty()) {
      return run.log.error();
    }
    if (wanted && run.log && run.begun && run.log->state == RunLog::State::Open) {
      TRY(check_same_root(root, *run.log));
      return Result<RunEntry>(std::move(run));
    }
  }
  return format_error("recover", id.empty() ? root.path() : escaped(id), "there is no repair that was cut off");
}

class Recovery {
 public:
  Recovery(RunPlace& place, RootLock& lock, Journal& journal, RunLog& log, const Cancel& cancel, Progress& progress)
      : place_(place), lock_(lock), journal_(journal), log_(log), cancel_(cancel), progress_(progress) {
    result_.id = place.id;
  }

  // In this order, since each part relies on the one before: the time of an area first, before anything else changes
  // names in it; then a group that was going back; then the open batch, after which every step is known to be done or
  // not.
  Result<RecoverResult> run(Direction direction) {
    if (log_.undoing) {
      return back("");  // what is half taken back cannot be judged any more, only completed
    }
    TRY(restore_area_times(*place_.root, log_));
    TRY(complete_group_that_goes_back());
    TRY(settle(direction));
    return direction == Direction::Finish ? finish() : checked_back("");
  }

 private:
  // The run itself was taking back what belonged to a step that had failed: that cannot be judged, only completed.
  Result<void> complete_group_that_goes_back() {
    std::vector<size_t> half;
    std::string why;
    for (size_t i = log_.steps.size(); i > 0; --i) {
      if (log_.steps[i - 1].state == StepState::UndoIntended) {
        half.push_back(i - 1);
        why = log_.steps[i - 1].why;
      }
    }
    return take_steps_back(place_, lock_, journal_, log_, half, why);
  }

  // Takes again what counts as begun. On the way forth that completes attributes that were half set and times of
  // directories that were not put back yet. On the way back only steps whose name has changed need it, for those
  // times: an undo takes the times that it finds as those it shall leave.
  Result<void> settle(Direction direction) {
    ASSIGN_OR_RETURN(const OpenBatch open, find_open_batch(place_, log_));
    if (open.count == 0) {
      return {};
    }
    for (size_t i = open.first; i < open.first + open.taken; ++i) {
      const LoggedStep& logged = log_.steps[i];
      if (direction == Direction::Back && !(changes_name(logged) && has_happened(i, logged))) {
        continue;
      }
      TRY(take_step(place_, lock_, i, log_.steps[i], Precondition::InodeOnly));
    }
    TRY(sync_places(place_));
    // Durable changes first, as in a run that was not cut off: after this record nobody looks at these steps again.
    return record(done_record(open.first, open.taken));
  }

  bool has_happened(size_t number, const LoggedStep& logged) const {
    const Result<Look> look = step_on_disk(place_, number, logged);
    return look && *look == Look::After;
  }

  // Goes on where the run was cut off: groups whose failure is journaled are brought to their end, then what is
  // planned is put through the whole look again, since the root may have changed since the crash.
  Result<RecoverResult> finish() {
    Applier applier(place_, lock_, journal_, log_);
    const size_t before = count(StepState::Done);
    applier.settle_failed_groups();
    const auto planned = std::find_if(log_.steps.begin(), log_.steps.end(),
                                      [](const LoggedStep& logged) { return logged.state == StepState::Planned; });
    if (applier.broken().empty() && planned != log_.steps.end()) {
      // From the first step of that plan and not from the first that is left: those that are done decide what names
      // mean to the rest.
      const auto of_plan = std::find_if(log_.steps.begin(), log_.steps.end(),
                                        [&](const LoggedStep& logged) { return logged.plan == planned->plan; });
      const auto first = static_cast<size_t>(of_plan - log_.steps.begin());
      const Result<std::vector<Precondition>> preconditions = check_plan(*place_.root, log_, first, log_.steps.size());
      if (!preconditions) {
        const Error& error = preconditions.error();
        // The rest does not fit the root any more, and a plan is not left half carried out: then all of it goes back.
        // A root that cannot be read (Io) says nothing about the plan, and everything stays for another try.
        return error.kind == Error::Kind::Format ? checked_back(error.message()) : error;
      }
      applier.carry_out(first, log_.steps.size(), *preconditions, cancel_, progress_);
    }
    if (!applier.broken().empty()) {
      return format_error("recover", place_.run.where(), applier.broken());
    }
    TRY(remove_spare_links(place_, log_));
    TRY(remove_staging(place_));
    TRY(give_room_back(place_.run));
    const RunLog::State state =
        count(StepState::Done) == log_.steps.size() ? RunLog::State::Finished : RunLog::State::Stopped;
    // Last of all: as long as the record is missing, recover can be called again and removes what is still to be
    // removed.
    TRY(record(end_record(state)));
    result_.direction = Direction::Finish;
    result_.state = state == RunLog::State::Finished ? RunRecord::State::Finished : RunRecord::State::Stopped;
    result_.steps = count(StepState::Done) - std::min(before, count(StepState::Done));
    return result_;
  }

  // A run is only taken back where its names and contents are as it left them. Attributes are not looked at: the
  // crash may have left them half set, which is what is to be repaired here.
  Result<RecoverResult> checked_back(std::string note) {
    TRY(check_unchanged(place_, log_, Scrutiny::NamesAndContents));
    return back(std::move(note));
  }

  Result<RecoverResult> back(std::string note) {
    ASSIGN_OR_RETURN(const size_t steps, take_all_back(place_, lock_, journal_, log_, progress_));
    result_.direction = Direction::Back;
    result_.state = RunRecord::State::Undone;
    result_.steps = steps;
    result_.note = std::move(note);
    return result_;
  }

  size_t count(StepState state) const {
    return static_cast<size_t>(std::count_if(log_.steps.begin(), log_.steps.end(),
                                             [&](const LoggedStep& logged) { return logged.state == state; }));
  }

  Result<void> record(const JsonValue& record) {
    TRY(journal_.append({record}));
    return replay(record, log_);
  }

  RunPlace& place_;
  RootLock& lock_;
  Journal& journal_;
  RunLog& log_;
  const Cancel& cancel_;
  Progress& progress_;
  RecoverResult result_;
};

}  // namespace

Result<RecoverResult> recover(const Root& root, const std::string& id, Direction direction, const Cancel& cancel,
                              Progress& progress) {
  Result<LockedRun> run = lock_run(root, [&] { return choose_unfinished(root, id); });
  TRY(run);
  ASSIGN_OR_RETURN(Journal journal, Journal::reopen(run->place.run, run->entry.log->journal_bytes));
  return Recovery(run->place, run->lock, journal, *run->entry.log, cancel, progress).run(direction);
}

// Without the lock, and so a guess where the run is not cut off but going on; it changes nothing either way.
Result<RecoverResult> recover_preview(const Root& root, const std::string& id, Direction direction) {
  const Result<SeenRun> run = see_run(root, [&] { return choose_unfinished(root, id); });
  TRY(run);
  const RunLog& log = *run->entry.log;
  RecoverResult result;
  result.id = run->entry.id;
  result.direction = log.undoing ? Direction::Back : direction;
  ASSIGN_OR_RETURN(const OpenBatch open, log.undoing ? Result(OpenBatch{}) : find_open_batch(run->place, log));
  if (result.direction == Direction::Back) {
    result.state = RunRecord::State::Undone;
    result.steps = steps_to_take_back(log).size() + open.taken;
    return result;
  }
  const auto planned = std::count_if(log.steps.begin(), log.steps.end(),
                                     [](const LoggedStep& logged) { return logged.state == StepState::Planned; });
  result.steps = static_cast<size_t>(planned) + open.count - open.taken;
  return result;
}

}  // namespace dfsck

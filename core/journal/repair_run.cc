// The life of a run: lock, journal, plans, end.
#include "core/journal/repair_run.h"

#include <algorithm>
#include <cerrno>

#include "core/base/escape.h"
#include "core/base/try.h"
#include "core/fs/write/removed.h"
#include "core/fs/write/writer.h"
#include "core/journal/applier.h"
#include "core/journal/run/keep_place.h"
#include "core/journal/run/removal.h"
#include "core/journal/run/spare_links.h"
#include "core/journal/run/staging.h"
#include "core/journal/run_list.h"
#include "core/plan/action_traits.h"
#include "core/plan/step_groups.h"

namespace dfsck {
namespace {

constexpr size_t kStepsPerRecord = 1000;
constexpr size_t kBytesPerRecord = 16U << 20;
constexpr size_t kSpareDescriptors = 8;  // more than it takes to remove the directories of a run

// To be let go of when a run ends: where descriptors are short, it could neither be ended nor removed.
Result<std::vector<Dir>> spare_descriptors(const Dir& own) {
  std::vector<Dir> spare;
  while (spare.size() < kSpareDescriptors) {
    ASSIGN_OR_RETURN(Dir more, own.open_dir("."));
    spare.push_back(std::move(more));
  }
  return spare;
}

// Several records, so that no line grows without bounds.
// Bounded in steps and in the bytes that steps carry: a reader holds one line in memory, and a line beyond kMaxRecord
// could not be read back.
std::vector<JsonValue> plan_records(const RunLog& log, size_t first) {
  std::vector<JsonValue> records;
  size_t begin = first;
  size_t bytes = 0;
  for (size_t i = first; i < log.steps.size(); ++i) {
    const auto* file = std::get_if<WriteFile>(&log.steps[i].step.action);
    bytes += file != nullptr ? file->bytes.size() : 0;
    if (i + 1 - begin == kStepsPerRecord || bytes > kBytesPerRecord || i + 1 == log.steps.size()) {
      records.push_back(
          plan_record(log, begin, i + 1 - begin, i + 1 == log.steps.size() ? PlanRecord::Last : PlanRecord::More));
      begin = i + 1;
      bytes = 0;
    }
  }
  return records;
}

bool takes_prepared(const Plan& plan) {
  return std::any_of(plan.steps.begin(), plan.steps.end(),
                     [](const Step& step) { return traits_of(step.action).is_prepared; });
}

// A step whose intent has no end may have happened; for the user it has failed until recover says otherwise. What was
// never begun is skipped for the reason that ended the run.
StepResult result_of(const LoggedStep& logged, const std::string& broken) {
  switch (logged.state) {
    case LoggedStep::State::Done: return {StepResult::State::Done, "", ""};
    case LoggedStep::State::Failed: return {StepResult::State::Failed, logged.why, logged.way_out};
    case LoggedStep::State::Intended:
    case LoggedStep::State::UndoIntended: return {StepResult::State::Failed, broken, ""};
    case LoggedStep::State::Planned: return {StepResult::State::Skipped, broken, ""};
    default: return {StepResult::State::Skipped, logged.why, ""};
  }
}

// What a run has from its beginning on.
struct Begun {
  RunPlace place;
  Journal journal;
  RunLog log;
  std::vector<Dir> spare;
};

// Where there is no room for a journal, or nothing to open it with, no directory of the run stays either.
Result<Journal> begin_journal(const Dir& run, const JsonValue& begin, const std::string& root) {
  Result<Journal> journal = Journal::create(run, begin);
  // A run that could not say how it ended had better not begin.
  const Result<void> ready = journal ? journal->set_room_aside(run) : journal.error();
  if (!ready) {
    const bool is_full = ready.error().is_io(ENOSPC) || ready.error().is_io(EDQUOT);
    return is_full ? format_error("begin repair", root, "no space is left for a journal: free space, then run again")
                   : ready.error();
  }
  return journal;
}

// With an unfinished run no other may begin: what is in doubt is told by inodes at their places, and further repairs
// would move them.
Result<Begun> begin_locked(const Root& root, const RootLock& lock, std::string_view mode) {
  ASSIGN_OR_RETURN(const std::vector<RunEntry> runs, read_runs(root));
  if (const std::optional<Error> unfinished = unfinished_run(runs); unfinished) {
    return *unfinished;
  }
  // The root's inode goes into the first record: a copy of the whole root, journal and all, has another one, and none
  // of the inodes noted in the journal mean anything there.
  ASSIGN_OR_RETURN(const FileStat top, root.stat(RelPath()));
  const JsonValue begin = begin_record({root.path(), top.device, top.inode, std::string(mode), utc_now()});
  RunLog log;
  TRY(replay(begin, log));
  Result<std::vector<Dir>> spare = spare_descriptors(lock.own());
  Result<RunPlace> place = spare ? make_run_place(root, lock.own(), *spare) : spare.error();
  TRY(place);
  Result<Journal> journal = begin_journal(place->run, begin, root.path());
  if (!journal) {
    const std::string id = place->id;
    // Lets go of the descriptors of the place, then of the spare ones: what stopped the journal may have been their
    // shortage, and the removal needs some.
    place = journal.error();
    spare->clear();
    Removed removed;
    TRY(remove_run_directory(lock.own(), id, removed));
    return journal.error();
  }
  return Begun{std::move(*place), std::move(*journal), std::move(log), std::move(*spare)};
}

}  // namespace

struct RepairRun::State {
  State(RootLock the_lock, FileTime the_own_time, Begun begun)
      : lock(std::move(the_lock)),
        own_time(the_own_time),
        place(std::move(begun.place)),
        journal(std::move(begun.journal)),
        log(std::move(begun.log)),
        spare(std::move(begun.spare)) {}

  RootLock lock;
  FileTime own_time;  // of `.docker-fsck`, before this run
  RunPlace place;
  Journal journal;
  RunLog log;
  std::vector<Dir> spare;
  // Last, since it refers to those above.
  Applier applier{place, lock, journal, log};
};

RepairRun::RepairRun(std::unique_ptr<State> state) : state_(std::move(state)) {}
RepairRun::RepairRun(RepairRun&&) noexcept = default;
RepairRun& RepairRun::operator=(RepairRun&&) noexcept = default;
RepairRun::~RepairRun() = default;

Result<RepairRun> RepairRun::begin(const Root& root, std::string_view mode) {
  ASSIGN_OR_RETURN(RootLock lock, RootLock::take(root));
  ASSIGN_OR_RETURN(const FileStat own, lock.own().stat_self());
  Result<Begun> begun = begin_locked(root, lock, mode);
  if (!begun) {
    // Whatever this comes to, the error to tell is the one that stopped the run.
    static_cast<void>(leave_own_directory(root, lock, own.mtime));  // an empty directory is all that can stay
    return begun.error();
  }
  return RepairRun(std::make_unique<State>(std::move(lock), own.mtime, std::move(*begun)));
}

const std::string& RepairRun::id() const { return state_->place.id; }

Result<std::vector<StepResult>> RepairRun::apply(const Plan& plan, const std::vector<Reason>& reasons,
                                                 const Cancel& cancel, Progress& progress) {
  RunLog& log = state_->log;
  if (!state_->applier.broken().empty()) {
    return format_error("repair", state_->place.run.where(), "the journal cannot be written any more");
  }
  if (state_->journal.is_full()) {
    return format_error("repair", state_->place.run.where(),
                        "no space is left for the journal: free space, then run again");
  }
  const size_t first = log.steps.size();
  const size_t first_reason = log.reasons.size();
  log.reasons.insert(log.reasons.end(), reasons.begin(), reasons.end());
  // Plans number their groups, steps and findings from 0; the log goes through all plans of the run, so everything is
  // moved behind what it holds already.
  const std::vector<StepGroup> groups = plan.groups.empty() ? step_groups(plan.steps) : plan.groups;
  for (size_t i = 0; i < plan.steps.size(); ++i) {
    LoggedStep& logged = log.steps.emplace_back();
    logged.step = plan.steps[i];
    logged.group = groups[i];
    logged.group.number += first;
    for (size_t& needed : logged.group.needs) {
      needed += first;
    }
    logged.plan = log.plans;
    std::erase_if(logged.step.findings, [&](size_t finding) { return finding >= reasons.size(); });
    for (size_t& finding : logged.step.findings) {
      finding += first_reason;
    }
  }
  const Result<std::vector<Precondition>> preconditions = check_plan(*state_->place.root, log, first, log.steps.size());
  // A plan must not name trees that a crash may leave half written.
  const Result<void> ready = !preconditions         ? Result<void>(preconditions.error())
                             : takes_prepared(plan) ? sync_places(state_->place)
                                                    : Result<void>();
  const Result<void> written = !ready || plan.steps.empty() ? ready : state_->journal.append(plan_records(log, first));
  if (!written) {
    // Nothing of the plan is in the journal, or only records without the last, which a reader drops. The log forgets
    // it as well, so that both tell the same.
    log.steps.resize(first);
    log.reasons.resize(first_reason);
    return written.error();
  }
  ++log.plans;
  state_->applier.carry_out(first, log.steps.size(), *preconditions, cancel, progress);
  std::vector<StepResult> results;
  results.reserve(plan.steps.size());
  for (size_t i = first; i < log.steps.size(); ++i) {
    results.push_back(result_of(log.steps[i], state_->applier.broken()));
  }
  return results;
}

// On the filesystem to which the trees shall go, since a batch puts them in place by a rename.
Result<Dir> RepairRun::staging(const RelPath& label_of) {
  KeepFinder keeps(*state_->place.root);
  const Result<std::optional<RelPath>> directory = keeps.directory_for_new(label_of);
  if (!directory || !*directory) {
    return directory ? format_error("prepare", label_of.text(), "lies on a filesystem where nothing can be kept")
                     : directory.error();
  }
  ASSIGN_OR_RETURN(const size_t keep, state_->applier.open_keep(**directory));
  return make_staging(*state_->place.root, state_->place.keeps[keep], label_of);
}

bool RepairRun::has_changed_something() const {
  return !state_->applier.broken().empty() || dfsck::has_changed_something(state_->log);
}

// Closing the spare descriptors first leaves enough for the removal where they are short.
Result<void> RepairRun::abandon() {
  state_->spare.clear();
  return remove_run(state_->place, state_->lock, state_->log, state_->own_time);
}

Result<void> RepairRun::end() {
  state_->spare.clear();
  const auto& steps = state_->log.steps;
  if (const std::string& broken = state_->applier.broken(); !broken.empty()) {
    return format_error("end repair", state_->place.run.where(),
                        broken + "; 'docker-fsck recover' finishes it or takes it back");
  }
  // What only the run itself needed goes before its journal says that it ended: cut off in between, the run is
  // unfinished and recover does this again. After the record nobody would look for it.
  TRY(remove_spare_links(state_->place, state_->log));
  TRY(remove_staging(state_->place));
  TRY(give_room_back(state_->place.run));
  const bool all_done = std::all_of(steps.begin(), steps.end(),
                                    [](const LoggedStep& logged) { return logged.state == LoggedStep::State::Done; });
  return state_->journal.append({end_record(all_done ? RunLog::State::Finished : RunLog::State::Stopped)});
}

}  // namespace dfsck

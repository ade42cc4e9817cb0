// Units are copied by several threads; what is finished becomes durable in groups.
#include "core/migrate/run.h"

#include <algorithm>
#include <tuple>

#include "core/base/utf8.h"
#include "core/codec/json/json.h"
#include "core/fs/write/writer.h"
#include "core/migrate/copy_attributes.h"
#include "core/migrate/copy_file.h"
#include "core/migrate/copy_layer.h"
#include "core/migrate/copy_tree.h"
#include "core/migrate/gone.h"

namespace dfsck {
namespace {

using UnitState = UnitResult::State;

// What finished units may wait for, so that they become durable together.
constexpr uint64_t kGroupBytes = 4ULL << 30;
constexpr size_t kGroupUnits = 512;

bool has_lost(const UnitResult& unit) {
  return std::any_of(unit.problems.begin(), unit.problems.end(),
                     [](const CopyProblem& problem) { return problem.loses_data(); });
}

void add_problems_of(CopyUnit& notes, std::vector<CopyProblem>& problems) {
  UnitResult told;
  notes.tally.settle(told);
  problems.insert(problems.end(), told.problems.begin(), told.problems.end());
}

}  // namespace

MigrationRun::MigrationRun(const Root& source, const std::vector<MigrationUnit>& units, const MigrationOptions& options,
                           CopyContext& context, MigrationState& state, std::optional<MigrationHistory> history)
    : source_(source),
      units_(units),
      options_(options),
      context_(context),
      state_(state),
      history_(std::move(history)),
      parents_(units),
      work_(units.size()) {
  result_.units.resize(units.size());
  result_.resumed = history_.has_value();
  context_.note_suspect = [this](const CopyUnit& unit, const std::string& path) {
    if (is_recorded(unit.unit)) {
      settle(state_.add_suspect(unit.unit.path.bytes(), path));
    }
  };
}

bool MigrationRun::is_recorded(const MigrationUnit& unit) { return is_utf8(unit.path.bytes()); }

const DoneUnit* MigrationRun::find_done(const MigrationUnit& unit) const {
  if (!history_) {
    return nullptr;
  }
  const auto found = history_->done.find(unit.path.bytes());
  return found == history_->done.end() ? nullptr : &found->second;
}

void MigrationRun::sort_units() {
  uint64_t total = 0;
  for (size_t i = 0; i < units_.size(); ++i) {
    total += units_[i].expected_bytes;
    if (units_[i].kind == MigrationUnit::Kind::Directory) {
      result_.units[i].state = UnitState::Copied;
      result_.units[i].directories = 1;
    } else {
      order_.push_back(i);
    }
  }
  std::stable_sort(order_.begin(), order_.end(),
                   [&](size_t a, size_t b) { return units_[a].expected_bytes > units_[b].expected_bytes; });
  Progress& progress = context_.progress;
  progress.items_done = 0;
  progress.items_total = order_.size();
  progress.bytes_done = 0;
  progress.bytes_total = total;
  progress.phase = Progress::Phase::Copying;
}

// Whether the unit is as an earlier run left it, so that nothing is copied. Else it is to be copied.
bool MigrationRun::skip_if_done(size_t index, UnitLook& look) {
  const MigrationUnit& unit = units_[index];
  const DoneUnit& done = *find_done(unit);
  UnitResult& result = result_.units[index];
  const Result<Dir> above = open_far_dir(context_.target, unit.path.parent().bytes());
  const bool there = above && above->stat(std::string(unit.path.name()));
  CopyUnit& probe = look.probe;
  if (probe.fingerprint.hex() != done.fingerprint || probe.tally.has_problems() || !there) {
    result.changed_since = there;
    return false;
  }
  if (options_.verify == CopyVerify::Full && !done.verified && history_->changed_copies) {
    context_.trusted_before.reset();  // its files are compared with the source's, and those that were changed copied
    return false;
  }
  look.links.adopt_into(context_);
  probe.tally.settle(result);
  result.state = UnitState::AlreadyDone;
  result.links = done.result.links;
  result.problems = done.result.problems;
  result.verdict = done.result.verdict;
  if (options_.verify == CopyVerify::None) {
    result.verdict.reset();
  } else if (unit.kind == MigrationUnit::Kind::Layer && (!result.verdict || done.needs_verdict)) {
    result.verdict = verify_layer(source_, *unit.layer, Depth::Full, context_.stop(), context_.progress);
  }
  if (options_.verify == CopyVerify::Full && !done.verified) {
    content_[index] = done.content;
    to_read_back_.push_back(index);
  }
  return true;
}

// All of them before anything is copied: files with several names may have one in what is done and one in what is not.
void MigrationRun::skip_done_units() {
  std::vector<size_t> candidates;
  for (const size_t i : order_) {
    (find_done(units_[i]) != nullptr ? candidates : to_copy_).push_back(i);
  }
  std::vector<const MigrationUnit*> units;
  for (const size_t i : candidates) {
    units.push_back(&units_[i]);
  }
  const std::vector<std::unique_ptr<UnitLook>> looks = look_at_units(context_, units, options_.jobs);
  std::vector<std::string> again;
  for (size_t n = 0; n < candidates.size() && !context_.stopped(); ++n) {
    const size_t i = candidates[n];
    if (!skip_if_done(i, *looks[n])) {
      to_copy_.push_back(i);
      again.push_back(units_[i].path.bytes());
      continue;
    }
    context_.progress.add_items(1);
    context_.progress.add_bytes(units_[i].expected_bytes);
  }
  if (!context_.stopped()) {
    settle(state_.add_again(again));
  }
  std::stable_sort(to_copy_.begin(), to_copy_.end(),
                   [&](size_t a, size_t b) { return units_[a].expected_bytes > units_[b].expected_bytes; });
}

void MigrationRun::remove_unit(const std::string& path) {
  const RelPath unit = RelPath::parse(path).value_or(RelPath());
  const Result<Dir> above =
      unit.is_root() ? Result<Dir>(Error{}) : open_far_dir(context_.target, unit.parent().bytes());
  if (above) {
    const MigrationUnit none;
    CopyUnit notes(none);
    settle(state_.add_gone({path}));
    clear_name(context_, notes, *above, std::string(unit.name()), path);
    add_problems_of(notes, result_.problems);
  }
}

// They are not done from here on, whatever happens.
void MigrationRun::remove_gone_units() {
  if (!history_ || !options_.removes_others) {
    return;
  }
  const std::vector<std::string> gone = gone_units(*history_, units_);
  settle(state_.add_again(gone));
  remove_gone(context_, notes_, parents_, gone);
  settle(context_.stopped() ? Result<void>() : state_.add_gone(gone));
}

void MigrationRun::copy_unit(size_t index, SharedWork& work) {
  const MigrationUnit& unit = units_[index];
  if (context_.stopped()) {
    return;
  }
  work_[index] = std::make_unique<CopyUnit>(unit);
  CopyUnit& copied = *work_[index];
  const Result<Dir> above = open_far_dir(context_.target, unit.path.parent().bytes());
  copied.fresh = !(above && above->stat(std::string(unit.path.name())));
  if (history_) {
    copied.keeps_nothing = is_recorded(unit) ? history_->unsynced.contains(unit.path.bytes()) : history_->lost_a_sync;
    if (const auto found = history_->suspects.find(unit.path.bytes()); found != history_->suspects.end()) {
      copied.suspects = found->second;
    }
  }
  const auto ended = [this, index] { end_unit(index); };
  if (!source_.stat(unit.path) && !source_.stat(unit.path.parent())) {
    copied.absent = true;
    ended();
  } else if (unit.kind == MigrationUnit::Kind::Layer && unit.layer && options_.verify != CopyVerify::None) {
    result_.units[index].verdict.emplace();
    copy_layer(context_, source_, copied, work, *result_.units[index].verdict, ended);
  } else {
    copy_tree(context_, copied, work, ended);
  }
}

void MigrationRun::end_unit(size_t index) {
  const MigrationUnit& unit = units_[index];
  CopyUnit& copied = *work_[index];
  UnitResult& result = result_.units[index];
  if (!context_.stopped()) {
    set_guards(context_, copied);
  }
  copied.tally.settle(result);
  // What only the target refuses (attributes, flags) it would refuse again.
  const bool is_through = !has_lost(result) && result.problems_dropped == 0;
  if (context_.stopped()) {
    return;
  }
  result.state = copied.absent ? UnitState::Absent : UnitState::Copied;
  if (copied.absent) {
    result.verdict.reset();
    if (!copied.fresh && is_recorded(unit)) {
      const std::lock_guard lock(mutex_);
      remove_unit(unit.path.bytes());
    }
  }
  context_.progress.add_items(1);
  if (!copied.absent) {
    DoneUnit done;
    done.fingerprint = copied.fingerprint.hex();
    done.content = copied.content_known ? copied.content.hex() : std::string();
    done.result = result;
    done.needs_verdict = result.verdict && (!result.verdict->issues.empty() || result.verdict->issues_dropped > 0);
    const std::lock_guard lock(mutex_);
    if (options_.verify == CopyVerify::Full) {
      content_[index] = done.content;
      to_read_back_.push_back(index);
    }
    if (is_through && is_recorded(unit)) {
      finished_.emplace_back(index, std::move(done));
      finished_bytes_ += result.bytes;
    }
  }
  work_[index].reset();
  commit(false);
}

// One sync at a time: the kernel tells an error once, to whichever asks next, and it may be about the bytes of any unit
// that was not known to be durable. So after the first one nothing is, and no later sync that succeeds makes it so.
bool MigrationRun::sync() {
  if (sync_failed_) {
    return false;
  }
  Result<void> synced = state_.add_sync_begins();
  if (synced) {
    synced = sync_filesystem(context_.target);
  }
  sync_failed_ = !synced;
  settle(synced);
  return !sync_failed_;
}

void MigrationRun::commit(bool all) {
  std::unique_lock syncing(sync_mutex_, std::defer_lock);
  if (all) {
    syncing.lock();
  } else if (!syncing.try_lock()) {
    return;  // what is finished meanwhile waits for the next one
  }
  std::vector<std::pair<std::string, DoneUnit>> group;
  {
    const std::lock_guard lock(mutex_);
    if (finished_.empty() || (!all && finished_bytes_ < kGroupBytes && finished_.size() < kGroupUnits)) {
      return;
    }
    for (auto& [index, done] : finished_) {
      group.emplace_back(units_[index].path.bytes(), std::move(done));
    }
    finished_.clear();
    finished_bytes_ = 0;
  }
  if (sync()) {
    settle(state_.add_done(group));
  }
}

void MigrationRun::copy_units(const std::vector<size_t>& units) {
  for_each_shared(units.size(), options_.jobs, context_.stop(), [&](size_t n, SharedWork& work) {
    if (!context_.stopped()) {
      copy_unit(units[n], work);
    }
  });
}

void MigrationRun::read_back_unit(size_t index, ReadBack how, SharedWork& work) {
  const auto probe = std::make_shared<CopyUnit>(units_[index]);
  read_back(context_, *probe, work, how, [this, index, how, &work, probe] { end_read_back(index, how, work, probe); });
}

void MigrationRun::end_read_back(size_t index, ReadBack how, SharedWork& work, const std::shared_ptr<CopyUnit>& probe) {
  if (context_.stopped()) {
    return;
  }
  const bool same = !probe->tally.has_problems() && probe->content.hex() == content_[index];
  if (how == ReadBack::Sum && !same) {
    read_back_unit(index, ReadBack::Compare, work);
    return;
  }
  UnitResult told;
  probe->tally.settle(told);
  const MigrationUnit& unit = units_[index];
  UnitResult& result = result_.units[index];
  bool differs = false;
  for (CopyProblem& problem : told.problems) {
    if (problem.kind == CopyProblem::Kind::TargetDiffers) {
      differs = true;
      context_.note_suspect(*probe, problem.path);
      result.problems.push_back(std::move(problem));
    }
  }
  std::sort(result.problems.begin(), result.problems.end(), [](const CopyProblem& a, const CopyProblem& b) {
    return std::tie(a.path, a.kind) < std::tie(b.path, b.kind);
  });
  if (is_recorded(unit) && !differs) {
    settle(state_.add_verified({unit.path.bytes()}));
  }
  context_.progress.add_items(1);
}

void MigrationRun::read_back_units() {
  if (context_.stopped() || to_read_back_.empty()) {
    return;
  }
  if (!sync()) {
    return;
  }
  settle(state_.add_synced());
  Progress& progress = context_.progress;
  progress.items_done = 0;
  progress.items_total = to_read_back_.size();
  progress.bytes_done = 0;
  uint64_t total = 0;
  for (const size_t i : to_read_back_) {
    total += units_[i].expected_bytes;
  }
  progress.bytes_total = total;
  progress.phase = Progress::Phase::Verifying;
  std::sort(to_read_back_.begin(), to_read_back_.end(), [&](size_t a, size_t b) {
    return std::make_pair(units_[b].expected_bytes, a) < std::make_pair(units_[a].expected_bytes, b);
  });
  for_each_shared(to_read_back_.size(), options_.jobs, context_.stop(), [this](size_t n, SharedWork& work) {
    if (!context_.stopped()) {
      read_back_unit(to_read_back_[n], content_[to_read_back_[n]].empty() ? ReadBack::Compare : ReadBack::Sum, work);
    }
  });
}

// Layers first: whether they are whole decides whether the rest is worth copying.
void MigrationRun::copy_layers() {
  sort_units();
  parents_.make(context_, notes_);
  remove_gone_units();
  skip_done_units();
  const auto others = std::stable_partition(to_copy_.begin(), to_copy_.end(),
                                            [&](size_t i) { return units_[i].kind == MigrationUnit::Kind::Layer; });
  copy_units({to_copy_.begin(), others});
  to_copy_.erase(to_copy_.begin(), others);
}

void MigrationRun::copy_others() { copy_units(to_copy_); }

MigrationResult MigrationRun::finish() {
  if (!context_.stopped()) {
    parents_.finish(context_, notes_);
  }
  commit(true);  // what is through is through, even where something stopped us
  read_back_units();
  if (!context_.stopped() && sync()) {
    settle(state_.add_synced());
  }
  if (!context_.stopped() && options_.changes_follow) {
    settle(state_.add_changes_follow());
  }
  add_problems_of(notes_, result_.problems);
  result_.stopped = context_.failure();
  if (!result_.stopped && context_.stopped()) {
    result_.stopped = cancelled_error("copy", "", "stopped as asked");
  }
  return std::move(result_);
}

}  // namespace dfsck

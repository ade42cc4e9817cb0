// Batches: prepare, make durable, say what is meant, do it, make durable, say that it is done.
#include "core/journal/applier.h"

#include <algorithm>
#include <optional>

#include "core/base/shortage.h"
#include "core/base/try.h"
#include "core/fs/write/writer.h"
#include "core/journal/batch.h"
#include "core/journal/run/keep_place.h"
#include "core/journal/step_change.h"
#include "core/journal/undoer.h"
#include "core/journal/way_out.h"

namespace dfsck {
namespace {

// A shortage sets the flag too.
std::string why_cancelled() {
  const std::optional<Error> shortage = noted_shortage();
  return shortage ? shortage->message() : "cancelled";
}

const std::string kNoRoom = "no space is left for the journal: free space on the filesystem of ";

}  // namespace

// The log in memory changes only by what the journal holds, and through the same replay that a recovery uses: a
// record that replay would refuse is found now and not after a crash. After a failure it is not known what is on
// disk, so nothing more is journaled: `broken_` ends the run, and recover reads the state off the disk.
bool Applier::record(const std::vector<JsonValue>& records) {
  Result<void> written = journal_.append(records);
  for (size_t i = 0; written && i < records.size(); ++i) {
    written = replay(records[i], log_);
  }
  if (!written) {
    broken_ = written.error().message();
  }
  return static_cast<bool>(written);
}

// Places are numbered from 1 in the order of their records; 0 is the root's own, which the run has from its
// beginning.
Result<size_t> Applier::open_keep(const RelPath& directory) {
  if (directory.is_root()) {
    return size_t{0};
  }
  const auto known = std::find(log_.keeps.begin(), log_.keeps.end(), directory);
  const auto number = static_cast<size_t>(known - log_.keeps.begin()) + 1;
  if (known != log_.keeps.end() && number < place_.keeps.size() && place_.keeps[number].is_open()) {
    return number;
  }
  // The journal knows of the place before there is one: it is looked for by what it says.
  if (known == log_.keeps.end()) {
    ASSIGN_OR_RETURN(const Dir area, place_.root->open_dir(directory));
    ASSIGN_OR_RETURN(const FileStat before, area.stat_self());
    // Making the place adds a name to the area and so changes its time of modification. The old one goes into the
    // record, so that after a crash in between restore_area_times() can still give it back.
    const JsonValue place = keep_record(directory, before.mtime);
    TRY(journal_.append({place}));
    TRY(replay(place, log_));
  }
  // Makes only what is missing: of a place that the journal knows, a crash may have left any part.
  ASSIGN_OR_RETURN(KeepPlace made, make_keep_place(*place_.root, directory, place_.id));
  if (number < place_.keeps.size()) {
    place_.keeps[number] = std::move(made);
  } else {
    place_.keeps.push_back(std::move(made));
  }
  return number;
}

// Steps from `next` on that are still planned will not be taken.
void Applier::stop(size_t next, size_t end, const std::string& why) {
  std::vector<JsonValue> records;
  for (size_t first = next; first < end;) {
    size_t last = first;
    for (; last < end && log_.steps[last].state == StepState::Planned; ++last) {
    }
    if (last > first) {
      records.push_back(given_up_record(first, last - first, GivenUp::Skipped, why));
    }
    first = last + 1;
  }
  record(records);
}

Applier::Failure Applier::failure_of(size_t step, const Error& error) const {
  return {step, error.message(), way_out(*place_.root, log_.steps[step].step.action, error)};
}

// The failure is in the journal before its group goes back: should that be cut off, settle_failed_groups() sees the
// failed step and does it again.
void Applier::fail(const Failure& failure) {
  if (record({given_up_record(failure.step, 1, GivenUp::Failed, failure.why, failure.way_out)})) {
    settle_group(failure.step);
  }
}

void Applier::index_groups() {
  while (groups_.size() < log_.steps.size()) {
    groups_.add(log_.steps[groups_.size()].group);
  }
}

// What needs the group falls first: it may build on what the group has done.
void Applier::settle_group(size_t failed) {
  index_groups();
  const size_t group = log_.steps[failed].group.number;
  const std::string path = action_path(log_.steps[failed].step.action).text();
  for (const size_t dependent : groups_.dependents(group)) {
    if (!settle_members(dependent, "the repair that this one builds on failed (" + path + ")")) {
      return;
    }
  }
  settle_members(group, "step " + std::to_string(failed) + " of the same repair failed (" + path + ")");
}

// Newest first, as an undo goes: what a later step of the group made may lie in what an earlier one made. Steps whose
// way back a crash has interrupted are among those that are taken back, since doing so twice does no harm.
bool Applier::settle_members(size_t group, const std::string& why) {
  std::vector<JsonValue> records;
  std::vector<size_t> done;
  const std::vector<size_t>& members = groups_.members(group);
  for (auto member = members.rbegin(); member != members.rend(); ++member) {
    const LoggedStep& logged = log_.steps[*member];
    if (logged.state == StepState::Planned) {
      records.push_back(given_up_record(*member, 1, GivenUp::Skipped, why));
    } else if (logged.state == StepState::Done || logged.state == StepState::UndoIntended) {
      done.push_back(*member);
    }
  }
  if (!records.empty() && !record(records)) {
    return false;
  }
  if (const Result<void> back = take_steps_back(place_, lock_, journal_, log_, done, "taken back, since " + why);
      !back) {
    broken_ = back.error().message();
  }
  return broken_.empty();
}

void Applier::settle_failed_groups() {
  for (size_t i = 0; i < log_.steps.size() && broken_.empty(); ++i) {
    if (log_.steps[i].state == StepState::Failed) {
      settle_group(i);
    }
  }
}

// A journal that had to use the room set aside for its end takes no further batch: the next one might find no room to
// say how it ended, and would leave a run that only recover can end.
void Applier::carry_out(size_t first, size_t end, const std::vector<Precondition>& preconditions, const Cancel& cancel,
                        Progress& progress) {
  OriginReader reader(*place_.root, cancel);
  size_t next = first;
  while (broken_.empty() && next < end) {
    if (log_.steps[next].state != StepState::Planned) {
      ++next;
    } else if (cancel.requested() || journal_.is_full()) {
      stop(next, end, cancel.requested() ? why_cancelled() : kNoRoom + place_.run.where());
      next = end;
    } else {
      next = carry_out_batch(next, end, first, preconditions, reader, cancel, progress);
    }
  }
}

// Returns the number of the step with which to go on.
size_t Applier::carry_out_batch(size_t first, size_t end, size_t base, const std::vector<Precondition>& preconditions,
                                OriginReader& reader, const Cancel& cancel, Progress& progress) {
  Batch batch(place_, log_, reader, [this](const RelPath& directory) { return open_keep(directory); });
  // Everything that can fail for want of space, of bytes or of permission fails here, where no name of the root has
  // changed yet: what follows are renames and attributes.
  const Result<size_t> count = batch.prepare(first, end);
  if (!count) {
    if (!cancel.requested()) {  // else nothing is wrong with it
      fail(failure_of(first, count.error()));
    }
    // The step has failed now, or the request to stop will be seen: either way the caller's loop gets past it.
    return first;
  }
  // An intent must not name objects that a crash may take away again.
  Result<void> ready = batch.has_new_objects() ? sync_places(place_) : Result<void>();
  const JsonValue intent = intent_record(log_, first, *count);
  if (ready) {
    // From here on a crash leaves these steps in doubt, and the traces in the intent are what settles it.
    ready = journal_.append({intent});
  }
  if (ready) {
    ready = replay(intent, log_);
  }
  if (!ready) {  // neither can any other batch be journaled
    stop(first, end, ready.error().message());
    return end;
  }
  size_t taken = 0;
  std::optional<Failure> failure;
  while (taken < *count && !cancel.requested()) {
    const size_t number = first + taken;
    const Result<void> done = take_step(place_, lock_, number, log_.steps[number], preconditions[number - base]);
    if (!done) {
      failure = failure_of(number, done.error());
      // A change of attributes can have failed halfway, and a change of a name after the name, at the directory's
      // time: only taking it back makes "failed" mean that the path is as it was.
      if (const Result<void> back = take_back(place_, lock_, number, log_.steps[number]); !back) {
        broken_ = failure->why + "; and it cannot be taken back: " + back.error().message();
        return end;
      }
      break;
    }
    ++taken;
    progress.add_items(1);
  }
  // Before "done": recovery does not look at steps that are done, so their changes must not be lost to a crash any
  // more.
  if (const Result<void> synced = sync_places(place_); !synced) {
    broken_ = synced.error().message();
    return end;
  }
  // Also with none taken: the record is what turns the rest of the intent back into planned steps.
  if (record({done_record(first, taken)}) && failure) {
    fail(*failure);
  }
  return first + taken;
}

}  // namespace dfsck

// Undo runs through the batches from the last to the first, each journaled as it was when it was carried out.
#include "core/journal/undoer.h"

#include <map>

#include "core/base/try.h"
#include "core/fs/write/writer.h"
#include "core/journal/run/keep_place.h"
#include "core/journal/run/spare_links.h"
#include "core/journal/run/staging.h"
#include "core/journal/step_change.h"
#include "core/plan/action_traits.h"

namespace dfsck {
namespace {

// The times that directories shall have after each step of the batch is taken back: as they are now, unless a step that
// is taken back before it sets them.
class TimeKeeper {
 public:
  explicit TimeKeeper(const Root& root) : root_(root) {}

  UndoItem item_for(size_t number, const LoggedStep& logged) {
    const Action& action = logged.step.action;
    UndoItem item{number, std::nullopt, std::nullopt};
    if (traits_of(action).attribute == Attribute::Time && logged.trace.mtime) {
      set_[action_path(action)] = *logged.trace.mtime;
    } else if (!is_attribute_step(action)) {
      item.parent = time_of(action_path(action).parent());
      if (const auto* rename = std::get_if<Rename>(&action); rename != nullptr) {
        item.to_parent = time_of(rename->to.parent());
      }
    }
    return item;
  }

 private:
  std::optional<FileTime> time_of(const RelPath& directory) const {
    if (const auto found = set_.find(directory); found != set_.end()) {
      return found->second;
    }
    const Result<Dir> dir = root_.open_dir(directory);
    const Result<FileStat> stat = dir ? dir->stat_self() : dir.error();
    return stat ? std::optional(stat->mtime) : std::nullopt;
  }

  const Root& root_;
  std::map<RelPath, FileTime> set_;
};

// The run itself takes back a group that cannot be finished, or all of it is undone.
enum class TakeBack { Group, Undo };

// Those of `numbers` from `start` on that belong to one batch.
// Batches were made such that each step can be judged from the disk alone, before the batch and after a crash in it.
// That holds backwards within the same batch, but not across two.
std::vector<size_t> next_batch(const RunLog& log, const std::vector<size_t>& numbers, size_t start) {
  std::vector<size_t> batch;
  for (size_t i = start; i < numbers.size(); ++i) {
    if (log.steps[numbers[i]].batch != log.steps[numbers[start]].batch ||
        log.steps[numbers[i]].state != log.steps[numbers[start]].state) {
      break;
    }
    batch.push_back(numbers[i]);
  }
  return batch;
}

Result<void> append_and_replay(Journal& journal, RunLog& log, const JsonValue& record) {
  TRY(journal.append({record}));
  return replay(record, log);
}

// Steps that are UndoIntended already have their intent in the journal, with the times that were right when it was
// written: it is not written a second time.
Result<void> take_batch_back(const RunPlace& place, RootLock& lock, Journal& journal, RunLog& log,
                             const std::vector<size_t>& batch, const std::string& why, TakeBack kind,
                             Progress& progress) {
  const bool undoes = kind == TakeBack::Undo;
  if (log.steps[batch.front()].state == StepState::Done) {
    TimeKeeper times(*place.root);
    std::vector<UndoItem> items;
    items.reserve(batch.size());
    for (const size_t number : batch) {
      items.push_back(times.item_for(number, log.steps[number]));
    }
    const JsonValue intent = undoes ? undo_intent_record(items) : back_intent_record(items, why);
    TRY(append_and_replay(journal, log, intent));
  }
  // Each looks first whether it is back already, so a batch that was cut off is simply gone through again.
  for (const size_t number : batch) {
    TRY(take_back(place, lock, number, log.steps[number]));
    progress.add_items(undoes ? 1 : 0);
  }
  // As on the way forth: the record that ends a batch must not be durable before its changes are.
  TRY(sync_places(place));
  return append_and_replay(journal, log, undoes ? undo_done_record() : back_done_record());
}

Result<void> take_back_in_batches(const RunPlace& place, RootLock& lock, Journal& journal, RunLog& log,
                                  const std::vector<size_t>& numbers, const std::string& why, TakeBack kind,
                                  Progress& progress) {
  for (size_t start = 0; start < numbers.size();) {
    const std::vector<size_t> batch = next_batch(log, numbers, start);
    TRY(take_batch_back(place, lock, journal, log, batch, why, kind, progress));
    start += batch.size();
  }
  return {};
}

}  // namespace

// Failed and skipped steps changed nothing, or were taken back at once.
std::vector<size_t> steps_to_take_back(const RunLog& log) {
  std::vector<size_t> numbers;
  for (size_t i = log.steps.size(); i > 0; --i) {
    if (log.steps[i - 1].state == StepState::Done || log.steps[i - 1].state == StepState::UndoIntended) {
      numbers.push_back(i - 1);
    }
  }
  return numbers;
}

Result<void> take_steps_back(const RunPlace& place, RootLock& lock, Journal& journal, RunLog& log,
                             const std::vector<size_t>& numbers, const std::string& why) {
  Progress none;
  return take_back_in_batches(place, lock, journal, log, numbers, why, TakeBack::Group, none);
}

Result<size_t> take_all_back(const RunPlace& place, RootLock& lock, Journal& journal, RunLog& log, Progress& progress) {
  const std::vector<size_t> numbers = steps_to_take_back(log);
  TRY(take_back_in_batches(place, lock, journal, log, numbers, "", TakeBack::Undo, progress));
  // Only now that no step is in doubt is it known which names are spare.
  TRY(remove_spare_links(place, log));
  TRY(remove_staging(place));
  TRY(give_room_back(place.run));
  TRY(append_and_replay(journal, log, end_record(RunLog::State::Undone)));
  return numbers.size();
}

}  // namespace dfsck

// Batches: prepare, make durable, say what is meant, do it, make durable, say that it is done.
#include "core/plan/applier.h"

#include <algorithm>

#include "core/fs/writer.h"
#include "core/plan/batch.h"
#include "core/plan/step_change.h"

namespace dfsck {
namespace {

constexpr std::string_view kCancelled = "cancelled";

std::string after_failure(size_t failed) {
  return "not tried, since step " + std::to_string(failed) + " failed";
}

// Records for steps [next, end) that will not be taken: `failed` is the one that failed, or `end` if none did.
std::vector<JsonValue> given_up_records(size_t next, size_t failed, size_t end, const std::string& why) {
  std::vector<JsonValue> records;
  const std::string others = failed < end ? after_failure(failed) : why;
  if (next < failed) {
    records.push_back(given_up_record(next, std::min(failed, end) - next, GivenUp::Skipped, others));
  }
  if (failed < end) {
    records.push_back(given_up_record(failed, 1, GivenUp::Failed, why));
  }
  if (failed + 1 < end) {
    records.push_back(given_up_record(failed + 1, end - failed - 1, GivenUp::Skipped, others));
  }
  return records;
}

}  // namespace

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

void Applier::give_up(size_t next, size_t failed, size_t end, const std::string& why) {
  record(given_up_records(next, failed, end, why));
}

void Applier::carry_out(size_t first, size_t end, const std::vector<Precondition>& preconditions, const Cancel& cancel,
                        Progress& progress) {
  Supply supply(*place_.root, cancel);
  size_t next = first;
  while (broken_.empty() && next < end) {
    if (log_.steps[next].state != LoggedStep::State::Planned) {
      ++next;
    } else if (cancel.requested()) {
      give_up(next, end, end, std::string(kCancelled));
      next = end;
    } else {
      next = carry_out_batch(next, end, first, preconditions, supply, cancel, progress);
    }
  }
}

// Returns the number of the step with which to go on.
size_t Applier::carry_out_batch(size_t first, size_t end, size_t base, const std::vector<Precondition>& preconditions,
                                Supply& supply, const Cancel& cancel, Progress& progress) {
  Batch batch(place_, log_, supply);
  size_t failed = first;
  const Result<size_t> count = batch.prepare(first, end, failed);
  if (!count) {
    give_up(first, failed, end, count.error().message());
    return end;
  }
  // An intent must not name objects that a crash may take away again.
  Result<void> ready = batch.has_new_objects() ? sync_filesystem(place_.top) : Result<void>();
  const JsonValue intent = intent_record(log_, first, *count);
  if (ready) {
    ready = journal_.append({intent});
  }
  if (ready) {
    ready = replay(intent, log_);
  }
  if (!ready) {
    give_up(first, first, end, ready.error().message());
    return end;
  }
  size_t taken = 0;
  std::string why;
  for (; taken < *count && why.empty(); ++taken) {
    const size_t number = first + taken;
    if (cancel.requested()) {
      why = kCancelled;
      break;
    }
    if (const Result<void> done = take_step(place_, lock_, number, log_.steps[number], preconditions[number - base]);
        !done) {
      why = done.error().message();
      failed = number;
      if (const Result<void> back = take_back(place_, lock_, number, log_.steps[number]); !back) {
        broken_ = why + "; and it cannot be taken back: " + back.error().message();
        return end;
      }
      break;
    }
    progress.add_items(1);
  }
  if (const Result<void> synced = sync_filesystem(place_.top); !synced) {
    broken_ = synced.error().message();
    return end;
  }
  std::vector<JsonValue> records{done_record(first, taken)};
  if (why.empty()) {
    record(records);
    return first + taken;
  }
  const size_t culprit = why == kCancelled ? end : failed;
  for (JsonValue& each : given_up_records(first + taken, culprit, end, why)) {
    records.push_back(std::move(each));
  }
  record(records);
  return end;
}

}  // namespace dfsck

// Carrying out the planned steps of a run, batch by batch. Internal to core/plan.
#pragma once

#include <string>
#include <vector>

#include "core/fs/lock.h"
#include "core/heal/supply.h"
#include "core/plan/journal.h"
#include "core/plan/precheck.h"
#include "core/plan/run_log.h"
#include "core/plan/run_place.h"
#include "core/run/cancel.h"
#include "core/run/progress.h"

namespace dfsck {

class Applier {
 public:
  // All must outlive it.
  Applier(const RunPlace& place, RootLock& lock, Journal& journal, RunLog& log)
      : place_(place), lock_(lock), journal_(journal), log_(log) {}

  // Takes the Planned ones of steps [first, end). Every step of the log is then Done, Failed or Skipped, unless
  // broken(). `preconditions[i]` is of step first + i.
  void carry_out(size_t first, size_t end, const std::vector<Precondition>& preconditions, const Cancel& cancel,
                 Progress& progress);

  // Why the journal could not be brought to say what was done: empty, or the reason why the run stays unfinished.
  const std::string& broken() const { return broken_; }

 private:
  size_t carry_out_batch(size_t first, size_t end, size_t base, const std::vector<Precondition>& preconditions,
                         Supply& supply, const Cancel& cancel, Progress& progress);
  void give_up(size_t next, size_t failed, size_t end, const std::string& why);
  bool record(const std::vector<JsonValue>& records);

  const RunPlace& place_;
  RootLock& lock_;
  Journal& journal_;
  RunLog& log_;
  std::string broken_;
};

}  // namespace dfsck

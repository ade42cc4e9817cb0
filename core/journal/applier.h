// Carries out the steps of a plan, batch by batch, each journaled. Where a step fails, the steps that stand and fall
// with it are taken back or not tried, and the others go on. Internal to core/journal.
#pragma once

#include <string>
#include <vector>

#include "core/fs/lock.h"
#include "core/heal/origin_reader.h"
#include "core/journal/precheck.h"
#include "core/journal/run/journal.h"
#include "core/journal/run/log.h"
#include "core/journal/run/place.h"
#include "core/plan/step_groups.h"
#include "core/run/cancel.h"
#include "core/run/progress.h"

namespace dfsck {

class Applier {
 public:
  // All must outlive it.
  Applier(RunPlace& place, RootLock& lock, Journal& journal, RunLog& log)
      : place_(place), lock_(lock), journal_(journal), log_(log) {}

  // Takes the Planned ones of steps [first, end). Every step of the log is then Done, Failed, Skipped or Undone, unless
  // broken(). `preconditions[i]` is of step first + i.
  void carry_out(size_t first, size_t end, const std::vector<Precondition>& preconditions, const Cancel& cancel,
                 Progress& progress);

  // Brings the groups of steps that have failed to their end: for a run that was cut off while it did so itself.
  void settle_failed_groups();

  // The number of the run's place for what lies on the filesystem of the directory's `.docker-fsck`; makes it where it
  // is missing.
  Result<size_t> open_keep(const RelPath& directory);

  // Why the journal could not be brought to say what was done: empty, or the reason why the run stays unfinished.
  const std::string& broken() const { return broken_; }

 private:
  // What made a step fail.
  struct Failure {
    size_t step = 0;
    std::string why;
    std::string way_out;
  };

  size_t carry_out_batch(size_t first, size_t end, size_t base, const std::vector<Precondition>& preconditions,
                         OriginReader& reader, const Cancel& cancel, Progress& progress);
  Failure failure_of(size_t step, const Error& error) const;
  void fail(const Failure& failure);
  void settle_group(size_t failed);
  void stop(size_t next, size_t end, const std::string& why);
  bool record(const std::vector<JsonValue>& records);
  void index_groups();
  // Steps of the group that are done go back, the rest is not tried. False: the journal is broken.
  bool settle_members(size_t group, const std::string& why);

  RunPlace& place_;
  RootLock& lock_;
  Journal& journal_;
  RunLog& log_;
  GroupIndex groups_;
  std::string broken_;
};

}  // namespace dfsck

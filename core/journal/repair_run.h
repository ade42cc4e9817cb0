// RepairRun: one repair of one root, from the journal's first durable byte to its end.
//
// Every change is made in batches of steps: new objects are prepared in the run's `saved/` and made durable, the intent
// goes to the journal, then each step exchanges or moves one name after a look at its precondition, then all of it
// is made durable, then the journal says so. A crash at any moment leaves each step undone or done, and
// core/journal/recover can tell which. Nothing is deleted: what was there lies in `saved/` or `quarantine/`.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/fs/root.h"
#include "core/journal/step_result.h"
#include "core/plan/plan.h"
#include "core/plan/reason.h"
#include "core/run/cancel.h"
#include "core/run/progress.h"

namespace dfsck {

class RepairRun {
 public:
  // Takes the locks (see core/fs/lock.h) and begins a journal. Errors: Busy where a daemon or another docker-fsck holds
  // a lock, Format where an earlier run is unfinished (the message names `recover`) or its journal cannot be read, Io.
  // `mode` is for the history: "preen", "yes", "ask", "plan". `root` must outlive the run.
  static Result<RepairRun> begin(const Root& root, std::string_view mode);

  RepairRun(RepairRun&&) noexcept;
  RepairRun& operator=(RepairRun&&) noexcept;
  // Lets go of the locks. A run that end() has not ended stays unfinished.
  ~RepairRun();

  const std::string& id() const;  // "20260101T000000Z-0123abcd": its directory's name in `.docker-fsck`

  // Checks every precondition, makes the plan durable, then carries it out. `reasons` is indexed by the steps'
  // `findings`. Where a step fails, those that stand and fall with it (see core/plan/step_groups.h) are not tried or
  // taken back, and all others are made. May be called again with further plans. One result for each step, in order. An
  // Error means that nothing of this plan was changed: a precondition does not hold (Format; names the path and what
  // changed), the plan makes no sense, another filesystem is mounted at a path, the journal could not be written.
  // Raises `progress`' items once for each step.
  Result<std::vector<StepResult>> apply(const Plan& plan, const std::vector<Reason>& reasons, const Cancel& cancel,
                                        Progress& progress);

  // The directory in which trees for Adopt are prepared, each under its number as its name. Made at the first call,
  // with the security label of the root's directory at `label_of`, so that what is made in it is labelled as it would
  // be there.
  Result<Dir> staging(const RelPath& label_of);

  // Whether any step is done, or may be.
  bool has_changed_something() const;

  // Ends a run that has changed nothing by taking every trace of it out of the root: what it prepared, its journal, and
  // `.docker-fsck` itself where this run made it. Format where a step is done. After an error the run is unfinished.
  Result<void> abandon();

  // Writes the journal's end: "finished", or "stopped" if any step failed or was skipped. An Error means that the run
  // stays unfinished and that `recover` has to look at it.
  Result<void> end();

 private:
  struct State;
  explicit RepairRun(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace dfsck

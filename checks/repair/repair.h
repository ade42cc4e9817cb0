// Repairing one root from end to end: check, choose, plan, change, check again, until nothing more can be done.
#pragma once

#include "checks/repair/choose.h"
#include "checks/runner.h"
#include "core/plan/reason.h"

namespace dfsck {

struct RepairOptions {
  Mode mode = Mode::Preen;  // not DryRun
  AskAbout ask;             // needed for Mode::Ask alone
};

// Checks the root and those below it, each as a root of its own, and makes the chosen repairs. Every change goes
// through one RepairRun for each root, and can be taken back. Where something stands against a repair (a live daemon,
// an unfinished repair, a failing disk) nothing is changed and the report says why. An Error as from check_root.
Result<RootReport> repair_root(const Root& root, const CheckOptions& options, const RepairOptions& repair,
                               const Cancel& cancel, Progress& progress);

// What a journal keeps of the findings of a report.
std::vector<Reason> reasons_of(const RootReport& report);

}  // namespace dfsck

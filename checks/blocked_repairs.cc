// One look at the inode flags for each step; the rest is who depends on whom.
#include "checks/blocked_repairs.h"

#include <map>

#include "core/journal/way_out.h"
#include "core/plan/step_groups.h"

namespace dfsck {

// The kernel refuses every change of an immutable or append-only object, whoever asks. Met in the
// middle of a run this fails one step, and all that stands and falls with it has to be taken back; seen
// before, it is one line with the command that lifts the flag. "blocked" and not "impossible": the
// repair exists, and is made as soon as somebody has run that command.
void mark_blocked_repairs(const Root& root, RootReport& report) {
  const std::vector<StepGroup>& groups = report.plan.groups;
  GroupIndex index;
  std::map<size_t, Guard> found;  // the first of each group
  for (size_t i = 0; i < groups.size(); ++i) {
    index.add(groups[i]);
    if (Guard guard = guard_of(root, report.plan.steps[i].action); !guard.what.empty()) {
      found.try_emplace(groups[i].number, std::move(guard));
    }
  }
  std::map<size_t, Guard> guards = found;
  // What builds on a guarded repair waits for the same command, so it gets the same way out.
  for (const auto& [group, guard] : found) {
    for (const size_t dependent : index.dependents(group)) {
      guards.try_emplace(dependent, guard);
    }
  }
  // All steps of one finding are in one group, so the first of them speaks for all.
  for (ReportedFinding& reported : report.findings) {
    const auto guard =
        reported.steps.empty() || guards.empty() ? guards.end() : guards.find(groups[reported.steps.front()].number);
    if (guard != guards.end()) {
      reported.repair_status = "blocked";
      reported.why = guard->second.what;
      reported.way_out = guard->second.way_out + ", then run again";
    }
  }
}

}  // namespace dfsck

// One look at the inode flags for each step; the rest is who depends on whom.
#include "checks/blocked_repairs.h"

#include <map>

#include "core/plan/step_groups.h"
#include "core/plan/way_out.h"

namespace dfsck {

void mark_blocked_repairs(const Root& root, RootReport& report) {
  const std::vector<size_t> groups = step_groups(report.plan.steps);
  std::map<size_t, Guard> guards;  // the first of each group
  for (size_t i = 0; i < groups.size(); ++i) {
    if (Guard guard = guard_of(root, report.plan.steps[i].action); !guard.what.empty()) {
      guards.try_emplace(groups[i], std::move(guard));
    }
  }
  for (ReportedFinding& reported : report.findings) {
    const auto guard = reported.steps.empty() || guards.empty() ? guards.end() : guards.find(groups[reported.steps.front()]);
    if (guard != guards.end()) {
      reported.repair_status = "blocked";
      reported.why = guard->second.what;
      reported.way_out = guard->second.way_out + ", then run again";
    }
  }
}

}  // namespace dfsck
